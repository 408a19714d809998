"""Examples of values: addresses do not show in them, wherever they stand."""

from __future__ import annotations

import time
from typing import Any

import pytest

from collector.catalog.masking import LONGEST, MASK, masked, shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("jane@example.com", MASK),
        ("Jane Doe <jane.doe+news@mail.example.co.uk>", f"Jane Doe <{MASK}>"),
        ("mailto:jane@example.com?subject=Hi", f"mailto:{MASK}?subject=Hi"),
        ("https://example.com/u?e=jane%40example.com&x=1", f"https://example.com/u?e={MASK}&x=1"),
        ("https://example.com/u?e=jane%2540example.com", f"https://example.com/u?e={MASK}"),
        ("https://jane@example.com/private", f"https://{MASK}/private"),
        ("a@b.c,d@e.f;g@h.i", f"{MASK},{MASK};{MASK}"),
        ('{"email":"jane@example.com"}', f'{{"email":"{MASK}"}}'),
        ('"jane doe"@example.com', MASK),
        ("jäne＠example.com", MASK),
        ("Страница имя@почта.рф!", f"Страница {MASK}"),
        ("nothing to hide", "nothing to hide"),
        ("", ""),
    ],
)
def test_an_address_is_masked_in_a_text(text: str, expected: str) -> None:
    assert masked(text) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"to": ["jane@example.com", 1]}, {"to": [MASK, 1]}),
        ({"jane@example.com": True}, {MASK: True}),
        ({"a": {"b": {"c": "jane@example.com"}}}, {"a": {"b": {"c": MASK}}}),
        ({"a": {"b": {"c": {"d": 1}}}}, {"a": {"b": {"c": "…"}}}),
        ([[[["jane@example.com"]]]], [[["…"]]]),
        (list(range(11)), [*range(10), "…"]),
        (list(range(10)), list(range(10))),
        ({str(n): n for n in range(11)}, {**{str(n): n for n in range(10)}, "…": "…"}),
        ("x" * LONGEST, "x" * LONGEST),
        ("x" * LONGEST + "y", "x" * LONGEST + "…"),
        ("x" * 195 + " jane@example.com", "x" * 195 + f" {MASK}"),
        (None, None),
        (0, 0),
        (False, False),
        (2**53 + 1, 2**53 + 1),
        ("", ""),
    ],
)
def test_a_value_is_shown_without_addresses_and_not_at_any_length(value: Any, expected: Any) -> None:
    found = shown(value)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize("text", ["x" * 65_536, "@" * 65_536, "%25" * 21_845, '"' * 65_536, '"a' * 32_768 + "@"])
def test_no_text_takes_long(text: str) -> None:
    began = time.process_time()
    masked(text)
    assert time.process_time() - began < 1.0
