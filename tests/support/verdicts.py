"""What an event with wrong parameters is answered, and that it leaves nothing behind."""

from __future__ import annotations

from typing import Any

from tests.support.shop import Shop, new_name

MESSAGES = {
    1: "Missing ListID parameter",
    2: "Invalid ListID parameter",
    3: "List not found",
    4: "Invalid ListID parameter",
    5: "Missing event parameter",
    7: "Invalid email parameter",
    8: "Missing conversion-id event property",
    9: "Missing conversion-name event property",
    10: "Missing conversion-value event property",
    11: "Invalid Properties parameter",
    12: "Invalid UUID parameter",
    13: "Invalid ID parameter",
    14: "Invalid Event parameter",
    15: "Invalid EventID parameter",
    16: "Invalid Timestamp parameter",
}
BLANKS = ["", " ", "\t\r\n", "\u00a0\u2003\u3000", "\u2028"]


def envelope(*codes: int) -> dict[str, Any]:
    """The body of an answer that tells these errors."""
    return {"Errors": [{"Code": code, "Message": MESSAGES[code]} for code in codes]}


def assert_refused(shop: Shop, given: dict[str, Any], *codes: int) -> None:
    """An event is refused for these reasons and leaves nothing behind."""
    before = shop.count()
    answer = shop.track(**{"Event": new_name(), **given})
    assert (answer.status, answer.body) == (422, envelope(*codes))
    assert answer.headers["Content-Type"] == "application/json"
    assert shop.count() == before


def stored(shop: Shop, given: dict[str, Any]) -> dict[str, Any]:
    """An event is taken; what is stored of it."""
    given = {"Event": new_name(), **given}
    answer = shop.track(**given)
    assert answer.status == 200, answer
    return shop.stored(event=given["Event"])
