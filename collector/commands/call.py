"""What goes into a command and what comes out of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from collector.access.directory import Directory
from collector.access.limits import Budget, Limits
from collector.access.passwords import Passwords
from collector.catalog.reader import Reader
from collector.config import Settings
from collector.errors import Fault
from collector.ingest.admission import Admission
from collector.ingest.agents import Agent, Agents
from collector.ingest.writer import Writer
from collector.live.teller import Teller
from collector.metrics import Metrics
from collector.model import Caller, Document
from collector.storage.connection import Store


@dataclass(frozen=True, slots=True)
class Services:
    """What commands are made of. ``pending`` says how many acknowledged events wait in spools of this host."""

    settings: Settings
    store: Store
    directory: Directory
    limits: Limits
    passwords: Passwords
    admission: Admission
    agents: Agents
    writer: Writer
    reader: Reader
    teller: Teller
    metrics: Metrics
    clock: Callable[[], datetime]
    pending: Callable[[], int]


@dataclass(slots=True)
class Request:
    """A request as it was read: parameters by their documented names, and what the gate asks of its circumstances.

    ``implied`` is the command of the route, None on ``/api.php``; ``size`` the bytes of the body, before or after
    inflating, whichever is more; ``address`` the client's.
    """

    implied: str | None
    method: str
    parameters: Document
    size: int = 0
    bearer: str | None = None
    origin: str | None = None
    referer: str | None = None
    host: str = ""
    address: str = ""
    user_agent: str | None = None


@dataclass(slots=True)
class Call:
    """A request that has passed the gate up to its content.

    ``given`` holds the parameters that count as provided; ``client`` is the client's address as a keyed hash;
    ``received`` is when it came, in UTC; ``marks`` what is to be noted on its events, ``size`` the bytes of the body.
    ``caller`` is None where the command needs none, ``agent`` where it does not come from a page; ``session`` is the
    text of the session that it has come by, ``request`` all of it as it was read.
    """

    given: Document
    client: str
    received: datetime
    caller: Caller | None = None
    marks: tuple[str, ...] = ()
    size: int = 0
    agent: Agent | None = None
    session: str = ""
    request: Request | None = None

    @property
    def who(self) -> Caller:
        """The caller of a command that needs a permission."""
        assert self.caller is not None
        return self.caller


@dataclass(slots=True)
class Answer:
    """A status, a body that becomes JSON, and headers of the contract.

    ``stream`` takes the place of the body where there is one: pieces of a body of any length, of the type that the
    headers name. It is asked for the next piece when the last has left, and ended by its ``aclose``, at its end or when
    its reader goes. An exception means that the body cannot be completed.
    """

    status: int
    body: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)
    command: str = ""
    stream: AsyncGenerator[bytes, None] | None = None


class Handler(Protocol):
    """What a command's module provides."""

    async def check(self, call: Call, faults: set[Fault]) -> tuple[Any, set[Fault]]:
        """Reads the content: what ``run`` needs, and all that is wrong beyond ``faults``, which the schema found."""

    async def run(self, call: Call, content: Any) -> Answer:
        """Does it."""


@dataclass(frozen=True, slots=True)
class Command:
    """A row of the table of commands.

    ``permission`` None: no key is asked for. ``methods`` are those of the route, ``legacy_methods`` those of
    ``/api.php``; ``budgets`` says which rate limits a call counts against; ``streams`` are the types of its answers
    that are no JSON; ``most_bytes`` how large a body may be;
    ``browsers`` whether pages of other sites may read the answer; ``events`` how many events its parameters bring.
    """

    name: str
    route: str
    methods: tuple[str, ...]
    permission: str | None
    build: Callable[[Services], Handler]
    budgets: Callable[[Call, Services], list[Budget]]
    legacy_methods: tuple[str, ...] = ("GET", "POST")
    streams: tuple[str, ...] = ()
    most_bytes: int = 1 << 20
    browsers: bool = False
    events: Callable[[Document], int] = lambda _given: 0
