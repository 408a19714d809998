"""The table of commands. A row is all that the web, the gate and the OpenAPI document need to know of one."""

from __future__ import annotations

from collector.commands import budgets
from collector.commands.call import Command
from collector.commands.event_batch import EventBatch, events_in
from collector.commands.event_track import EventTrack
from collector.commands.subscribers_get import SubscribersGet
from collector.commands.subscribers_list import SubscribersList
from collector.commands.user_login import UserLogin
from collector.commands.user_logout import UserLogout
from collector.commands.website_events_list import WebsiteEventsList
from collector.commands.website_events_properties import WebsiteEventsProperties
from collector.commands.website_events_series import WebsiteEventsSeries
from collector.commands.website_events_values import WebsiteEventsValues
from collector.model import READ, TRACK, Document


def one(_given: Document) -> int:
    """A command that brings one event."""
    return 1


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
    Command(
        "website_events.properties",
        "/api/v1/website_events.properties",
        ("GET", "POST"),
        READ,
        WebsiteEventsProperties,
        budgets.querying,
    ),
    Command("subscribers.get", "/api/v1/subscribers.get", ("GET", "POST"), READ, SubscribersGet, budgets.querying),
    Command("subscribers.list", "/api/v1/subscribers.list", ("GET", "POST"), READ, SubscribersList, budgets.querying),
    Command(
        "website_events.values",
        "/api/v1/website_events.values",
        ("GET", "POST"),
        READ,
        WebsiteEventsValues,
        budgets.querying,
    ),
    Command(
        "website_events.series",
        "/api/v1/website_events.series",
        ("GET", "POST"),
        READ,
        WebsiteEventsSeries,
        budgets.querying,
    ),
    Command(
        "website_events.list",
        "/api/v1/website_events.list",
        ("GET", "POST"),
        READ,
        WebsiteEventsList,
        budgets.querying,
        streams=("text/csv", "application/x-ndjson"),
    ),
    Command("user.login", "/api/v1/user.login", ("POST",), None, UserLogin, budgets.login, legacy_methods=("POST",)),
    Command("user.logout", "/api/v1/user.logout", ("POST",), None, UserLogout, budgets.free),
)
