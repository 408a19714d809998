"""The part ``python``: our SDK beside three others, in interleaved rounds."""

from __future__ import annotations

from collections.abc import Callable

from tests.bench.bench import Bench
from tests.bench.report import Row, ratios
from tests.bench.sdks import environment, running
from tests.bench.sdks.adapters import SDKS
from tests.bench.sdks.comparison import Figures, comparison
from tests.bench.sdks.running import Server

OURS = "footfall"
OTHERS = tuple(name for name in SDKS if name != OURS)
FAMILY = ("fork", "process_fork", "process_spawn")
CHILDREN = 20
AT_EXIT = 1_000
HELD_UP = 1_000
DEAD_EVENTS = 100_000


def run(bench: Bench) -> list[Row]:
    """The figures of this part; prints the table of the SDK's README too."""
    figures = Figures({name: {} for name in SDKS})
    with running.server() as server:
        for number in range(-1, len(bench.rounds)):
            for name in SDKS:
                _speed(figures, server, name, bench.choose(20_000, 5_000), warm_up=number < 0)
            bench.tell(f"python: speed, round {number + 1}")
        for number in range(bench.choose(3, 1)):
            for name in SDKS:
                _short(figures, server, name)
            bench.tell(f"python: bursts, ends and event loops, round {number + 1}")
        for name in SDKS:
            _family(figures, server, name)
            bench.tell(f"python: children of {name}")
        for name in SDKS:
            _dead(figures, name, bench.choose(DEAD_EVENTS, 20_000))
            bench.tell(f"python: {name} with a dead server")
    bench.facts |= environment.versions()
    print(comparison(figures, bench.facts))
    return _rows(figures)


def _speed(figures: Figures, server: Server, name: str, count: int, warm_up: bool) -> None:
    server.forget()
    facts = running.live(name, "speed", server.url, count, patience=90).facts
    if not warm_up:
        figures.add(name, "call", facts["call"])
        figures.add(name, "rate", server.count() / facts["all"])


def _short(figures: Figures, server: Server, name: str) -> None:
    server.forget()
    running.live(name, "burst", server.url, 20_000, patience=60)
    figures.add(name, "burst", 20_000 - server.count())
    server.forget()
    running.live(name, "end", server.url, AT_EXIT)
    figures.add(name, "exit", server.count())
    server.forget(latency=0.05)
    figures.add(name, "held", running.live(name, "loop", server.url, HELD_UP, patience=120).facts["held"])


def _family(figures: Figures, server: Server, name: str) -> None:
    """What arrives from children, when all of their processes have ended."""
    lives: dict[str, Callable[[], object]] = {
        life: lambda life=life: running.live(name, life, server.url, CHILDREN)  # type: ignore[misc]
        for life in FAMILY
    }
    lives["celery"] = lambda: running.celery(name, server.url, CHILDREN)
    lives["gunicorn"] = lambda: running.gunicorn(name, server.url, CHILDREN)
    for life, run_it in lives.items():
        server.forget()
        run_it()
        figures.add(name, life, server.count())


def _dead(figures: Figures, name: str, count: int) -> None:
    figures.add(name, "refused", running.seconds_to_end(name, silent=False, count=AT_EXIT))
    figures.add(name, "silent", running.seconds_to_end(name, silent=True, count=AT_EXIT))
    figures.add(name, "memory", running.live(name, "memory", "http://127.0.0.1:1", count, patience=60).facts["more"])


def _rows(figures: Figures) -> list[Row]:
    """The goals of the SDK. What should be large is told as what is missing, or the other way round."""
    call, rate = figures.of(OURS, "call"), figures.of(OURS, "rate")
    fastest_call = [min(values) for values in zip(*(figures.of(name, "call") for name in OTHERS), strict=True)]
    fastest_rate = [max(values) for values in zip(*(figures.of(name, "rate") for name in OTHERS), strict=True)]
    return [
        Row("track(), mean", call, 15, "µs"),
        Row("track(), over the fastest of the others", ratios(call, fastest_call), 1 / 3),
        Row("an event, until it is delivered: 40,000/s", [1e6 / value for value in rate], 25, "µs"),
        Row("delivered, the fastest of the others over ours", ratios(fastest_rate, rate), 0.5),
        Row("lost of a burst of 20,000 at the defaults", figures.of(OURS, "burst"), 0),
        Row("lost of 1,000 at the end", [AT_EXIT - value for value in figures.of(OURS, "exit")], 0),
        Row("the end with a server that refuses", figures.of(OURS, "refused"), 2.5, "s"),
        Row("the end with a silent server", figures.of(OURS, "silent"), 2.5, "s"),
        *(Row(f"lost of 20: {life}", [CHILDREN - n for n in figures.of(OURS, life)], 0) for life in _children()),
        Row("an event loop held up", figures.of(OURS, "held"), 10, "ms"),
        Row("memory with a dead server, more by", figures.of(OURS, "memory"), 50, "MiB"),
        *(Row(f"{name}: track()", figures.of(name, "call"), unit="µs") for name in OTHERS),
        *(Row(f"{name}: delivered", figures.of(name, "rate"), unit="/s") for name in (OURS, *OTHERS)),
    ]


def _children() -> tuple[str, ...]:
    return (*FAMILY, "celery", "gunicorn")
