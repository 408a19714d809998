"""The table of commands. A row is all that the web, the gate and the OpenAPI document need to know of one."""

from __future__ import annotations

from collections.abc import Callable

from collector.commands import budgets
from collector.commands.call import Command, Handler, Services
from collector.commands.event_batch import EventBatch, events_in
from collector.commands.event_track import EventTrack
from collector.commands.subscribers_get import SubscribersGet
from collector.commands.subscribers_list import SubscribersList
from collector.commands.user_login import UserLogin
from collector.commands.user_logout import UserLogout
from collector.commands.website_events_catalog import WebsiteEventsCatalog
from collector.commands.website_events_list import WebsiteEventsList
from collector.commands.website_events_properties import WebsiteEventsProperties
from collector.commands.website_events_series import WebsiteEventsSeries
from collector.commands.website_events_values import WebsiteEventsValues
from collector.model import READ, TRACK, Document


def one(_given: Document) -> int:
    """A command that brings one event."""
    return 1


def question(name: str, build: Callable[[Services], Handler], *streams: str) -> Command:
    """A command that reads what was tracked."""
    return Command(name, f"/api/v1/{name}", ("GET", "POST"), READ, build, budgets.querying, streams=streams)


COMMANDS = (
    Command("event.track", "/api/v1/event", ("POST",), TRACK, EventTrack, budgets.tracking, browsers=True, events=one),
    Command(
        "event.batch",
        "/api/v1/events",
        ("POST",),
        TRACK,
        EventBatch,
        budgets.batch,
        browsers=True,
        most_bytes=5 << 20,
        events=events_in,
    ),
    question("website_events.properties", WebsiteEventsProperties),
    question("website_events.catalog", WebsiteEventsCatalog),
    question("website_events.values", WebsiteEventsValues),
    question("website_events.series", WebsiteEventsSeries),
    question("website_events.list", WebsiteEventsList, "text/csv", "application/x-ndjson"),
    question("subscribers.get", SubscribersGet),
    question("subscribers.list", SubscribersList),
    Command("user.login", "/api/v1/user.login", ("POST",), None, UserLogin, budgets.login, legacy_methods=("POST",)),
    Command("user.logout", "/api/v1/user.logout", ("POST",), None, UserLogout, budgets.free),
)
