"""What is remembered of the embedded MongoDB between two starts: ``mongod.json`` in the data directory, mode 600."""

from __future__ import annotations

import base64
import json
import os
import secrets
import socket
from dataclasses import asdict, dataclass, field
from pathlib import Path

from collector.embedded.datadir import unusable
from collector.errors import StartupError

USER = "footfall"
REPLICA_SET = "footfall"

_PORTS = range(20_000, 32_000)
"""Below the ports that systems give to outgoing connections, so that ours is seldom taken at a later start."""


@dataclass(frozen=True, slots=True)
class State:
    """Where our mongod listens, its secrets, and the process that runs it.

    ``settled`` is whether the replica set and the user are known to fit ``port`` and ``password``; ``pid`` is None
    after a clean end.
    """

    port: int
    password: str = field(repr=False)
    key: str = field(repr=False)
    settled: bool = False
    pid: int | None = None

    @property
    def uri(self) -> str:
        """The connection string, with the password.

        Not a direct connection: a client of the replica set waits for a primary while mongod is started again.
        """
        return f"mongodb://{USER}:{self.password}@127.0.0.1:{self.port}/?authSource=admin&replicaSet={REPLICA_SET}"


def new_state() -> State:
    """A free port, and a password and a replica-set key made of chance."""
    # mongod takes letters, digits, + / and = in a key.
    key = base64.b64encode(secrets.token_bytes(96)).decode()
    return State(port=free_port(), password=secrets.token_urlsafe(32), key=key)


def state_file(data_dir: Path) -> Path:
    """Where the state of a data directory is."""
    return data_dir / "mongod.json"


def load_state(data_dir: Path) -> State | None:
    """The state as it was saved last; None where there is none yet.

    Raises:
        StartupError: the file is damaged or cannot be read.
    """
    path = state_file(data_dir)
    try:
        return _parsed(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise StartupError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, TypeError) as error:
        raise StartupError(
            f"{path}, which has the password of the embedded MongoDB, is damaged: put back a copy of it"
        ) from error


def save_state(data_dir: Path, state: State) -> None:
    """Saves the state, so that a crash leaves either the old or the new one.

    Raises:
        StartupError: the file cannot be written.
    """
    write_private(state_file(data_dir), json.dumps(asdict(state), indent=2) + "\n")


def write_private(path: Path, text: str) -> None:
    """Replaces a file as a whole, with mode 600, on disk when this returns.

    Raises:
        StartupError: the file cannot be written.
    """
    beside = path.with_name(path.name + ".new")
    try:
        beside.unlink(missing_ok=True)
        _write(beside, text.encode(), os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        beside.replace(path)
        _sync_directory(path.parent)
    except OSError as error:
        raise unusable(path, error) from error


def free_port() -> int:
    """A port of 127.0.0.1 on which nothing listens.

    Raises:
        StartupError: none was found.
    """
    for _ in range(100):
        port = secrets.choice(_PORTS)
        if is_free(port):
            return port
    raise StartupError("No free port was found on 127.0.0.1 for the embedded MongoDB")


def is_free(port: int) -> bool:
    """Whether a mongod could listen on this port of 127.0.0.1 now."""
    with socket.socket() as probe:
        # As mongod does: connections of an earlier mongod that are still fading away do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _parsed(text: bytes) -> State:
    state = State(**json.loads(text))
    strings = isinstance(state.password, str) and isinstance(state.key, str)
    numbers = isinstance(state.port, int) and isinstance(state.pid, int | None)
    if not (strings and numbers and 0 < state.port < 2**16):
        raise ValueError("fields of other types")
    return state


def _write(path: Path, data: bytes, flags: int) -> None:
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(path: Path) -> None:
    directory = os.open(path, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
