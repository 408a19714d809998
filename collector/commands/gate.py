"""The gate: no command is reached without being known, authenticated, permitted, limited and validated.

One place does it for all, from the command's row, in the order of section 4 of the contract: readable, known command,
key, permission, origin, limit, content.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

from collector.access.limits import Budget
from collector.access.origins import allowed, page_origin, same_site
from collector.commands.call import Answer, Call, Command, Handler, Request, Services
from collector.commands.parameters import Names, provided
from collector.commands.schemas import Schema
from collector.commands.showing import Showing
from collector.errors import Fault, Refusal, unavailable
from collector.model import ORIGIN_UNKNOWN, Caller
from collector.storage.guard import StoreAway

log = logging.getLogger("collector.gate")

CREDENTIALS = frozenset({"Command", "APIKey", "SessionID"})
_LONGEST_TOKEN = 200
_AWAY_TOLD_EVERY = 60.0


class Gate:
    """Answers requests.

    Args:
        commands: the table.
        services: what commands are made of.
    """

    def __init__(self, commands: Sequence[Command], services: Services) -> None:
        self._services = services
        self._commands = {command.name: command for command in commands}
        self._handlers: dict[str, Handler] = {command.name: command.build(services) for command in commands}
        self._showing = Showing(services)
        self._schemas = {command.name: Schema(command.name) for command in commands}
        self.names = Names(name for schema in self._schemas.values() for name in schema.parameters)
        self._away_told = -_AWAY_TOLD_EVERY

    async def answer(self, request: Request) -> Answer:
        """The answer to a request; never an exception."""
        name = ""
        try:
            command = self._command(request)
            name = command.name
            events = self._received(command, request)
            try:
                caller = await self._caller(command, request)
                answer = await self._admit(command, request, caller)
            except Exception as error:
                answer = self._failed(name, error)
            if answer.status >= 400:
                self._services.metrics.became("refused", events)
        except Exception as error:
            answer = self._failed(name, error)
        answer.command = name
        return answer

    def _received(self, command: Command, request: Request) -> int:
        """Counts the events of a request in; how many they are. What became of each is counted where it is known."""
        events = command.events(request.parameters)
        if events:
            self._services.metrics.received_requests.inc(events)
            self._services.metrics.in_flight.inc(events)
        return events

    def _failed(self, command: str, error: Exception) -> Answer:
        """The answer that an exception means."""
        if isinstance(error, Refusal):
            return self.refused(error)
        if isinstance(error, StoreAway):
            self._tell_away(error)
            return self.refused(unavailable())
        log.error("%s failed", command, exc_info=error)
        return self.refused(Refusal(Fault.INTERNAL))

    def _tell_away(self, error: StoreAway) -> None:
        """Logs that MongoDB is away, now and then: each request has its own line already."""
        if time.monotonic() - self._away_told >= _AWAY_TOLD_EVERY:
            self._away_told = time.monotonic()
            log.warning("MongoDB is away: %s", error)

    def refused(self, refusal: Refusal) -> Answer:
        """The answer that a refusal is; counted."""
        for fault in refusal.faults:
            self._services.metrics.refusals.labels(str(fault.code)).inc()
        headers = {} if refusal.retry_after is None else {"Retry-After": str(refusal.retry_after)}
        return Answer(refusal.status, refusal.envelope(), headers)

    def _command(self, request: Request) -> Command:
        named = request.parameters.get("Command")
        if named is None or named == "":
            named = request.implied
        name = named.lower() if isinstance(named, str) else ""
        if name not in self._commands or request.implied not in (None, name):
            raise Refusal(Fault.UNKNOWN_COMMAND)
        command = self._commands[name]
        if request.method not in (command.methods if request.implied else command.legacy_methods):
            raise Refusal(Fault.METHOD_NOT_ALLOWED)
        if request.size > command.most_bytes:
            raise Refusal(Fault.BODY_TOO_LARGE)
        return command

    async def _caller(self, command: Command, request: Request) -> Caller | None:
        if command.permission is None:
            return None
        caller = await self._found(request)
        if caller is None:
            raise Refusal(Fault.AUTHENTICATION)
        return caller

    async def _found(self, request: Request) -> Caller | None:
        """The first credential that is present decides; one answer for all that is wrong with it."""
        key = request.parameters.get("APIKey")
        session = request.parameters.get("SessionID")
        if key is None or key == "":
            if session is not None and session != "":
                return await self._services.directory.by_session(session) if _is_token(session) else None
            key = request.bearer
        return await self._services.directory.by_key(str(key)) if _is_token(key) else None

    async def _admit(self, command: Command, request: Request, caller: Caller | None) -> Answer:
        """From a known caller on, every answer says how much is left of the rate limit."""
        given = provided(request.parameters)
        for name in CREDENTIALS & given.keys():
            if name != "SessionID" or command.permission:
                del given[name]
        call = Call(
            given,
            self._services.limits.address_name(request.address),
            self._services.clock(),
            caller,
            size=request.size,
            session=str(request.parameters["SessionID"]) if caller and not caller.key else "",
            request=request,
        )
        budgets = command.budgets(call, self._services)
        try:
            answer = await self._checked(command, request, call, budgets)
        except Exception as error:
            answer = self._failed(command.name, error)
        if caller:
            answer.headers |= self._level(budgets)
            if answer.status >= 400 and command.events(call.given):
                self._showing.refused(call, answer)
        return answer

    async def _checked(self, command: Command, request: Request, call: Call, budgets: list[Budget]) -> Answer:
        if call.caller:
            if command.permission not in call.caller.permissions:
                raise Refusal(Fault.PERMISSION, permission=command.permission or "")
            call.marks = _origin_marks(call.caller, request)
        if budgets and not await self._spent(budgets):
            raise Refusal(Fault.TOO_MANY_REQUESTS, retry_after=self._services.limits.reset())
        if call.caller and call.caller.trust == "public":  # a server's agent says nothing of a visitor
            call.agent = self._services.agents.read(request.user_agent)
        handler = self._handlers[command.name]
        faults = self._schemas[command.name].faults(call.given)
        content, more = await handler.check(call, faults)
        if faults | more:
            raise Refusal(*faults | more)
        return await handler.run(call, content)

    async def _spent(self, budgets: list[Budget]) -> bool:
        verdict = self._services.limits.try_spend(budgets)
        return await self._services.limits.spend(budgets) if verdict is None else verdict

    def _level(self, budgets: list[Budget]) -> dict[str, str]:
        level = self._services.limits.level(budgets)
        return {
            "X-RateLimit-Limit": str(level.limit),
            "X-RateLimit-Remaining": str(level.remaining),
            "X-RateLimit-Reset": str(level.reset),
        }


def _is_token(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_TOKEN


def _origin_marks(caller: Caller, request: Request) -> tuple[str, ...]:
    """Whether the key may be used from where the request comes, and what is to be noted of it (section 3)."""
    key = caller.key
    if key is None:
        return ()
    if key.trust == "secret":
        if request.origin and not same_site(request.origin.lower(), request.host):
            raise Refusal(Fault.KEY_BELONGS_ON_SERVER)
        return ()
    origin = page_origin(request.origin, request.referer)
    if origin is None:
        return (ORIGIN_UNKNOWN,)
    if not allowed(origin, key.origins):
        raise Refusal(Fault.ORIGIN_NOT_ALLOWED)
    return ()
