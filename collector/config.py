"""Every setting: its name, default, and one line on what it does.

``port`` is ``--port`` on the command line and ``FOOTFALL_PORT`` in the environment; the command line wins. A variable
that is empty counts as not set, as it is where a file of variables names them all.
"""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from collector.errors import StartupError

ENVIRONMENT_PREFIX = "FOOTFALL_"
SDK_VARIABLES = frozenset({"FOOTFALL_URL", "FOOTFALL_KEY", "FOOTFALL_TEST", "FOOTFALL_DISABLED"})
"""Read by the Python SDK, which may share an environment with the collector."""

_PATH = re.compile(r"(?:/(?!api[/.]|api$|static/|console/|console$)[A-Za-z0-9._~-]+(?:/[A-Za-z0-9._~-]+)*)?", re.ASCII)
"""A path of the operator's own; empty for none."""
_TRUE, _FALSE = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off"})


def _setting(default: Any, text: str, least: int = 0) -> Any:
    return field(default=default, metadata={"help": text, "least": least})


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a collector. Values are checked when they are read (``read_settings``)."""

    data_dir: Path = _setting(Path("var"), "Directory of the embedded MongoDB, the demo's keys, and what else is kept")
    mongodb_uri: str = _setting("", "An existing MongoDB (6.0 or newer) instead of the embedded one")
    database: str = _setting("footfall", "Name of the database")
    mongod: str = _setting("", "Path of the mongod that is embedded; found by itself where empty")
    mongod_cache_gb: float = _setting(0.25, "Cache of the embedded MongoDB, in GB")
    address: str = _setting("127.0.0.1", "Address to listen on")
    port: int = _setting(8080, "Port to listen on")
    processes: int = _setting(1, "Processes that share the port; 0: one a core")
    log_json: bool = _setting(False, "Log JSON, a line a record")
    trusted_proxies: str = _setting("", "Addresses or networks whose X-Forwarded-For is believed, with commas between")
    metrics_token: str = _setting("", "Bearer token that opens /metrics to others than this machine")
    session_hours: int = _setting(12, "Hours until a session ends", least=1)
    track_limit: int = _setting(5_000, "Tracking requests of a user in 60 s", least=1)
    query_limit: int = _setting(100, "Requests for properties of a user in 60 s", least=1)
    console_limit: int = _setting(600, "Requests of the console in 60 s, for a session", least=1)
    question_seconds: float = _setting(10.0, "Seconds after which a question about events is cut; its answer says so")
    login_limit: int = _setting(10, "Logins in 60 s, for a client address and for a name", least=1)
    public_limit: int = _setting(1_000, "Events in 60 s of one client address with a public key", least=1)
    public_emails: int = _setting(20, "Different addresses in 60 s that one client address may claim", least=1)
    spool_mb: int = _setting(1_024, "MiB that may wait in the spool while MongoDB is away; 0: none, the answer is 503")
    known_hours: int = _setting(24, "Hours for which keys, sessions and lists are known while MongoDB is away", least=1)
    script_path: str = _setting("", "Path at which pages find the browser SDK too, such as /js/t.js")
    event_path: str = _setting("", "Path that takes events too, such as /e; batches come to /es, images to /e.gif")
    queue_events: int = _setting(10_000, "Events that may wait to be stored before the answer is 503", least=1)


def environment_name(name: str) -> str:
    """The environment variable of a setting."""
    return ENVIRONMENT_PREFIX + name.upper()


def option_name(name: str) -> str:
    """The command line's option of a setting."""
    return "--" + name.replace("_", "-")


def read_settings(options: Mapping[str, Any], environment: Mapping[str, str]) -> Settings:
    """Settings out of the command line (None: not given) and the environment.

    Raises:
        StartupError: an unknown setting in the environment, or a bad value; one line, naming it.
    """
    known = {environment_name(item.name) for item in fields(Settings)}
    for name in environment:
        if name.startswith(ENVIRONMENT_PREFIX) and name not in known | SDK_VARIABLES:
            raise StartupError(f"Unknown setting {name} in the environment")
    values: dict[str, Any] = {}
    for item in fields(Settings):
        name, raw = option_name(item.name), options.get(item.name)
        if raw is None:
            name, raw = environment_name(item.name), environment.get(environment_name(item.name)) or None
        if raw is not None:
            values[item.name] = _converted(name, item.type, raw, item.metadata["least"])
    settings = Settings(**values)
    _check(settings)
    return settings


def as_options(settings: Settings) -> dict[str, str]:
    """Settings in the form from which ``read_settings`` makes the same."""
    return {item.name: str(getattr(settings, item.name)) for item in fields(Settings)}


def proxies(settings: Settings) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    """The networks whose word on a client's address is believed.

    Raises:
        StartupError: one is no network.
    """
    try:
        return tuple(
            ipaddress.ip_network(text.strip(), strict=False)
            for text in settings.trusted_proxies.split(",")
            if text.strip()
        )
    except ValueError as error:
        raise StartupError(f"Bad value for {option_name('trusted_proxies')}: {error}") from error


def _converted(name: str, kind: Any, raw: Any, least: int) -> Any:
    try:
        value = _CONVERTERS[kind](raw)
        if kind in ("int", "float") and not least <= value < math.inf:
            raise ValueError
    except ValueError as error:
        raise StartupError(f"Bad value for {name}: {raw!r}") from error
    return value


def _boolean(raw: Any) -> bool:
    text = str(raw).lower()
    if text not in _TRUE | _FALSE:
        raise ValueError(raw)
    return text in _TRUE


_CONVERTERS: dict[str, Any] = {"int": int, "float": float, "str": str, "Path": Path, "bool": _boolean}


def _check(settings: Settings) -> None:
    if settings.port > 65_535:
        raise StartupError(f"Bad value for {option_name('port')}: {settings.port} is beyond 65535")
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,63}", settings.database):
        raise StartupError(f"Bad value for {option_name('database')}: letters, digits, - and _ only")
    if settings.mongodb_uri and not settings.mongodb_uri.startswith(("mongodb://", "mongodb+srv://")):
        raise StartupError(f"Bad value for {option_name('mongodb_uri')}: it begins with mongodb:// or mongodb+srv://")
    for name in ("script_path", "event_path"):
        if not _PATH.fullmatch(getattr(settings, name)):
            wanted = "a path such as /js/t.js, not below /api, /console or /static"
            raise StartupError(f"Bad value for {option_name(name)}: {wanted}")
    proxies(settings)
