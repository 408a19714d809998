"""Python values as JSON: plain ones at once, by orjson where it is there, the others by ``_walk``."""

from __future__ import annotations

from typing import Any, Callable

from ._fork import importing
from ._json import MAX_LEVELS, Encoder, is_suspect


def body_of(
    event: str, event_id: str, list_id: Any, email: Any, id: Any, uuid: Any, timestamp: Any, properties: Any
) -> dict[str, Any]:
    """The parameters of one event.track; the properties are the last."""
    body: dict[str, Any] = {"Event": event, "EventID": event_id}
    for name, value in (("ListID", list_id), ("Email", email), ("ID", id), ("UUID", uuid), ("Timestamp", timestamp)):
        if value is not None:
            body[name] = value
    body["Properties"] = properties
    return body


def encoded(event: dict[str, Any], strict: bool) -> bytes:
    """*event* as compact JSON, in UTF-8, its ``Properties`` last.

    What JSON or the collector cannot hold is named by a TypeError or ValueError where *strict*; else it is settled: NaN
    and infinity become null, a cycle or too deep a value a word, an object of an unknown type its text.
    """
    text = None if strict else _at_once(event)
    return _by_json(_walked(event, strict)) if text is None else text


def with_title(text: bytes, title: str) -> bytes:
    """An event's *text* with one more property, the page's *title*; its properties are the last in it."""
    comma = b"" if text.endswith(b'"Properties":{}}') else b","
    return text[:-2] + comma + b'"$page_title":' + _by_json(title.encode(errors="replace").decode()) + b"}}"


def _at_once(event: dict[str, Any]) -> bytes | None:
    """The text of an event that is plain, as nearly all are; None where each value must be looked at."""
    for encode in _encoders():
        try:
            text = encode(event)
        except Exception:  # noqa: S112 (another encoder may know it, and else the walk says what it is)
            continue
        brackets = text.count(b"{") + text.count(b"[")
        return None if brackets > MAX_LEVELS or is_suspect(text) else text
    return None


def _encoders() -> tuple[Callable[[Any], bytes], ...]:
    global _known  # noqa: PLW0603 (which there are is found out once, and not when the app starts)
    if not _known:
        with importing:
            _known = (_by_json,) if (fast := _by_orjson()) is None else (fast, _by_json)
    return _known


def _by_json(value: Any) -> bytes:
    return _ENCODER.encode(value).encode()


def _by_orjson() -> Callable[[Any], bytes] | None:
    """orjson, told to leave to ``_default`` what it would write in another way than json; None where there is none."""
    try:
        import orjson  # noqa: PLC0415 (an extra)
    except ImportError:
        return None
    options = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS
    return lambda value: orjson.dumps(value, _default, options)


def _walked(event: dict[str, Any], strict: bool) -> dict[str, Any]:
    with importing:
        from ._walk import snapshot  # noqa: PLC0415 (most apps never need it)

    parameters = {name: value for name, value in event.items() if name != "Properties"}
    properties = event["Properties"]
    return {
        **snapshot(parameters, "parameter", strict=strict),
        "Properties": snapshot(properties, "property", strict=strict),
    }


def _default(value: Any) -> Any:
    """What the encoder does not know by itself; an error sends the event to the walk."""
    with importing:
        from ._walk import converted  # noqa: PLC0415 (most apps never need it)

    return converted(value)


_known: tuple[Callable[[Any], bytes], ...] = ()
_ENCODER = Encoder(_default)
