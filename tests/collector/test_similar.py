"""Near-duplicates of names: which are, which are not, and how long it takes to find them."""

from __future__ import annotations

import time

import pytest

from collector.catalog.similar import MOST, similar

ALIKE = [
    ("pageTitle", "$page_title"),
    ("page_title", "Page Title"),
    ("page-title", "PAGETITLE"),
    ("page.title", "page title "),
    ("straße", "STRASSE"),
    ("ｐｒｉｃｅ", "price"),  # full width
    ("size1", "size_1"),
    ("received", "recieved"),
    ("product", "products"),
    ("referrer", "referer"),
    ("$campaign", "campagne"),
]
NOT_ALIKE = [
    ("price", "prices"),  # too short to tell
    ("step10", "step11"),
    ("checkout1", "checkout"),
    ("v1_1", "v_11"),
    ("$", "_"),
    ("", " "),
    ("product", "production"),
    ("campaign", "champagne"),
]


@pytest.mark.parametrize(("one", "other"), ALIKE[:-1])
def test_names_that_may_mean_the_same_are_told(one: str, other: str) -> None:
    assert similar([one, other, "something else"]) == {one: [other], other: [one]}


@pytest.mark.parametrize(("one", "other"), [*NOT_ALIKE, ALIKE[-1]])
def test_names_that_mean_something_else_are_not(one: str, other: str) -> None:
    assert similar([one, other]) == {}


def test_those_with_the_same_letters_come_first_and_never_more_than_a_few() -> None:
    names = ["signups", *(f"sign{'_' * n}up" for n in range(9))]
    found = similar(names)
    assert found["signups"] == sorted(names[1:])[:MOST]
    assert all(len(others) == MOST and name not in others for name, others in found.items())


def test_a_step_may_be_at_either_end_or_in_the_middle() -> None:
    for other in ("xreferrer", "referrerx", "refxerrer", "eferrer", "referre", "refrrer", "xeferrer", "rfeerrer"):
        assert similar(["referrer", other]) == {"referrer": [other], other: ["referrer"]}, other
    for other in ("xxreferrer", "referr", "xeferrex", "erefrrer", "reeferrre"):
        assert similar(["referrer", other]) == {}, other


@pytest.mark.parametrize(
    "made",
    [
        lambda n: [f"property_{number}" for number in range(n)],
        lambda n: ["x" * 6 + chr(0x4E00 + number) for number in range(n)],
        lambda n: ["a" * number for number in range(n)],
        lambda n: [chr(0x4E00 + number) * 64 for number in range(n)],
        lambda n: ["_" * number + "a" for number in range(n)],
    ],
    ids=["a series", "one letter other", "longer and longer", "long", "one name"],
)
def test_ten_times_as_many_names_take_no_hundred_times_as_long(made: object) -> None:
    def seconds(n: int) -> float:
        names = made(n)  # type: ignore[operator]
        taken = []
        for _ in range(5):
            began = time.process_time()
            similar(names)
            taken.append(time.process_time() - began)
        return min(taken)

    assert seconds(2_000) < 80 * max(seconds(200), 0.001)
