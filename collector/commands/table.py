"""The table of commands. A row is all that the web, the gate and the OpenAPI document need to know of one."""

from __future__ import annotations

from collector.commands import budgets
from collector.commands.call import Command
from collector.commands.event_track import EventTrack
from collector.commands.user_login import UserLogin
from collector.commands.user_logout import UserLogout
from collector.commands.website_events_properties import WebsiteEventsProperties
from collector.model import READ, TRACK

COMMANDS = (
    Command("event.track", "/api/v1/event", ("POST",), TRACK, EventTrack, budgets.tracking, browsers=True),
    Command(
        "website_events.properties",
        "/api/v1/website_events.properties",
        ("GET", "POST"),
        READ,
        WebsiteEventsProperties,
        budgets.querying,
    ),
    Command("user.login", "/api/v1/user.login", ("POST",), None, UserLogin, budgets.login, legacy_methods=("POST",)),
    Command("user.logout", "/api/v1/user.logout", ("POST",), None, UserLogout, budgets.free),
)
