"""The table of what the console's page may ask: the commands that read, and those that are the console's alone.

They are reached with a session, on the console's routes, and nowhere else. Their gate is another one of the same make;
what the page asks counts against a limit of its session's own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from collector.commands import budgets
from collector.commands.call import Command, Handler, Services
from collector.commands.console_keys import ConsoleKeyCreate, ConsoleKeyOrigins, ConsoleKeyRevoke, ConsoleKeys
from collector.commands.console_lists import ConsoleListCreate, ConsoleListUpdate
from collector.commands.console_live import ConsoleLive
from collector.commands.console_session import ConsoleSession
from collector.commands.table import COMMANDS
from collector.model import READ

API = "/console/api/"
LOGIN, LOGOUT, SESSION, LIVE = "/console/login", "/console/logout", "/console/session", "/console/live"
_ROUTES = {"user.login": LOGIN, "user.logout": LOGOUT}


def _own(name: str, build: Callable[[Services], Handler]) -> Command:
    return Command(name, API + name, ("POST",), READ, build, budgets.page)


CONSOLE = (
    *(
        replace(command, route=API + command.name, budgets=budgets.page)
        for command in COMMANDS
        if command.permission == READ
    ),
    *(replace(command, route=_ROUTES[command.name]) for command in COMMANDS if command.permission is None),
    Command("console.session", SESSION, ("GET",), READ, ConsoleSession, budgets.page),
    Command("console.live", LIVE, ("GET",), READ, ConsoleLive, budgets.page),
    _own("console.keys", ConsoleKeys),
    _own("console.key_create", ConsoleKeyCreate),
    _own("console.key_revoke", ConsoleKeyRevoke),
    _own("console.key_origins", ConsoleKeyOrigins),
    _own("console.list_create", ConsoleListCreate),
    _own("console.list_update", ConsoleListUpdate),
)
