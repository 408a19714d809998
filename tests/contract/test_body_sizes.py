"""Sections 2 and 4 of the contract: compressed bodies, and how large a body may be before and after gunzip."""

from __future__ import annotations

import gzip
import json
import time
import tracemalloc
import zlib
from collections.abc import Callable

import pytest

from collector.errors import Refusal
from collector.web.reading import inflated
from tests.support.shop import EVENT, EVENTS_PROPERTIES, FORM, JSON, Shop, new_name, open_shop

shop = pytest.fixture(scope="module")(open_shop)

MIB = 1 << 20
UNREADABLE = {"Errors": [{"Code": 100000, "Message": "Request body could not be read"}]}
TOO_LARGE = {"Errors": [{"Code": 413, "Message": "Request body too large"}]}


def _event(shop: Shop, name: str, size: int = 0) -> bytes:
    """An event as JSON, filled up by white space to ``size`` bytes."""
    given = {"APIKey": shop.secret, "ListID": shop.list_id, "Event": name, "Properties": {"a": 1}}
    return json.dumps(given).encode().ljust(size)


def _gzip_of_size(data: bytes, size: int) -> bytes:
    """A gzip file of ``size`` bytes: not compressed, and its name made as long as it takes."""
    packer = zlib.compressobj(0, wbits=-15)
    packed = packer.compress(data) + packer.flush()
    end = zlib.crc32(data).to_bytes(4, "little") + len(data).to_bytes(4, "little")
    named = b"\x1f\x8b\x08\x08" + bytes(6) + b"x" * (size - 10 - 1 - len(packed) - 8) + b"\0"
    return named + packed + end


@pytest.mark.parametrize("kind", [JSON, "text/plain", ""])
@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "x-gzip", " gzip "])
def test_a_json_body_may_be_gzip(shop: Shop, kind: str, encoding: str) -> None:
    name = new_name()
    body = gzip.compress(_event(shop, name))
    assert shop.send("POST", EVENT, body, Content_Type=kind, Content_Encoding=encoding).status == 200
    assert shop.stored(event=name)["properties"] == {"a": 1}


def test_a_form_may_be_gzip(shop: Shop) -> None:
    name = new_name()
    body = gzip.compress(f"APIKey={shop.secret}&ListID={shop.list_id}&Event={name}&Properties[a][]=1".encode())
    assert shop.send("POST", EVENT, body, Content_Type=FORM, Content_Encoding="gzip").status == 200
    assert shop.stored(event=name)["properties"] == {"a": ["1"]}


def test_every_route_takes_gzip(shop: Shop) -> None:
    query = {"APIKey": shop.secret, "ListID": shop.list_id}
    login = {"Username": shop.name, "Password": shop.password}
    for path, given in [
        (EVENTS_PROPERTIES, query),
        ("/api.php", {**query, "Command": "website_events.properties"}),
        ("/api/v1/user.login", login),
    ]:
        body = gzip.compress(json.dumps(given).encode())
        assert shop.send("POST", path, body, Content_Type=JSON, Content_Encoding="gzip").status == 200


@pytest.mark.parametrize("parts", [2, 7, 300])
@pytest.mark.parametrize("empty", [b"", gzip.compress(b"")], ids=["", "with empty ones"])
def test_a_gzip_body_may_have_several_members(shop: Shop, parts: int, empty: bytes) -> None:
    name = new_name()
    data = _event(shop, name, 3_000)
    step = len(data) // parts + 1
    body = empty.join(gzip.compress(data[start : start + step]) for start in range(0, len(data), step)) + empty
    assert shop.json(EVENT, body, Content_Encoding="gzip").status == 200
    assert shop.count(event=name) == 1


def test_an_empty_gzip_names_no_parameters(shop: Shop) -> None:
    for body in (b"", gzip.compress(b"")):
        answer = shop.json(f"{EVENT}?APIKey={shop.secret}", body, Content_Encoding="gzip")
        assert answer.codes == [5]


def _flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 0xFF]) + data[place:][1:]


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda data: data[:-1], id="cut short by a byte"),
        pytest.param(lambda data: data[:-8], id="cut short by its end"),
        pytest.param(lambda data: data[: len(data) // 2], id="half"),
        pytest.param(lambda data: data[:5], id="half a header"),
        pytest.param(lambda data: data + b"x", id="a byte behind it"),
        pytest.param(lambda data: data + data[:7], id="the beginning of another behind it"),
        pytest.param(lambda data: _flipped(data, -1), id="wrong length"),
        pytest.param(lambda data: _flipped(data, -8), id="wrong checksum"),
        pytest.param(gzip.decompress, id="not compressed"),
        pytest.param(lambda data: zlib.compress(gzip.decompress(data)), id="zlib"),
        pytest.param(gzip.compress, id="twice"),
    ],
)
def test_a_damaged_gzip_is_unreadable(shop: Shop, damage: Callable[[bytes], bytes]) -> None:
    name = new_name()
    answer = shop.json(EVENT, damage(gzip.compress(_event(shop, name))), Content_Encoding="gzip")
    assert (answer.status, answer.body) == (400, UNREADABLE)
    assert shop.count(event=name) == 0


@pytest.mark.parametrize("encoding", ["deflate", "br", "zstd", "compress", "gzip, gzip", "utf-8"])
def test_another_encoding_is_an_unsupported_type(shop: Shop, encoding: str) -> None:
    answer = shop.json(EVENT, _event(shop, new_name()), Content_Encoding=encoding)
    assert (answer.status, answer.codes) == (415, [415])


def test_identity_is_no_encoding(shop: Shop) -> None:
    assert shop.json(EVENT, _event(shop, new_name()), Content_Encoding="identity").status == 200


@pytest.mark.parametrize("path", [EVENT, "/api.php?Command=event.track"])
def test_a_body_may_have_a_mebibyte(shop: Shop, path: str) -> None:
    name = new_name()
    assert shop.json(path, _event(shop, name, MIB)).status == 200
    answer = shop.json(path, _event(shop, name, MIB + 1))
    assert (answer.status, answer.body) == (413, TOO_LARGE)
    assert shop.count(event=name) == 1


def test_a_form_may_have_a_mebibyte(shop: Shop) -> None:
    name = new_name()
    form = f"APIKey={shop.secret}&ListID={shop.list_id}&Event={name}&Ignored="
    assert shop.form(EVENT, form.ljust(MIB, "x")).status == 200
    assert shop.form(EVENT, form.ljust(MIB + 1, "x")).codes == [413]


def test_a_body_may_inflate_to_a_mebibyte(shop: Shop) -> None:
    name = new_name()
    assert shop.json(EVENT, gzip.compress(_event(shop, name, MIB)), Content_Encoding="gzip").status == 200
    answer = shop.json(EVENT, gzip.compress(_event(shop, name, MIB + 1)), Content_Encoding="gzip")
    assert (answer.status, answer.body) == (413, TOO_LARGE)


def test_a_compressed_body_may_have_a_mebibyte_itself(shop: Shop) -> None:
    name = new_name()
    data = _event(shop, name, MIB - 50_000)
    assert shop.json(EVENT, _gzip_of_size(data, MIB), Content_Encoding="gzip").status == 200
    assert shop.json(EVENT, _gzip_of_size(data, MIB + 1), Content_Encoding="gzip").codes == [413]


@pytest.mark.parametrize("members", [1, 16], ids=["one member", "sixteen members"])
def test_a_gzip_bomb_is_too_large_and_never_unfolds(shop: Shop, members: int) -> None:
    bomb = gzip.compress(bytes(256 * MIB // members), 9) * members
    assert len(bomb) < MIB
    answer = shop.json(EVENT, bomb, Content_Encoding="gzip")
    assert (answer.status, answer.body) == (413, TOO_LARGE)
    tracemalloc.start()
    try:
        with pytest.raises(Refusal):
            inflated(bomb, "gzip", 5 * MIB)
        assert tracemalloc.get_traced_memory()[1] < 32 * MIB
    finally:
        tracemalloc.stop()


def test_a_gzip_of_nothing_but_members_costs_little() -> None:
    """Of as many bytes as a batch may have. zlib copies what lies behind each member: all of it a time is 700 GB."""
    nothing = gzip.compress(b"")
    started = time.process_time()
    assert inflated(nothing * (5 * MIB // len(nothing)), "gzip", 5 * MIB) == b""
    assert time.process_time() - started < 3


@pytest.mark.parametrize("size", [5 * MIB + 1, 40 * MIB], ids=["over 5 MiB", "40 MiB"])
@pytest.mark.parametrize("path", [EVENT, "/api.php", EVENTS_PROPERTIES])
def test_whoever_sends_far_too_much_is_told(shop: Shop, size: int, path: str) -> None:
    answer = shop.json(path, b" " * size)
    assert (answer.status, answer.body) == (413, TOO_LARGE)
    assert shop.track(new_name()).status == 200


@pytest.mark.parametrize("path", [EVENT, EVENTS_PROPERTIES, "/api/v1/user.login"])
def test_what_is_too_large_for_its_route_is_told_so_whatever_it_is(shop: Shop, path: str) -> None:
    for encoding, pack in (("", bytes), ("gzip", gzip.compress)):
        headers = {"Content_Encoding": encoding}
        assert shop.json(path, pack(b"{".ljust(MIB, b"x")), **headers).codes == [100000]
        assert shop.json(path, pack(b"{".ljust(MIB + 1, b"x")), **headers).codes == [413]


def test_the_size_goes_before_the_key(shop: Shop) -> None:
    assert shop.json(EVENT, b'{"APIKey":"sk_wrong"}'.ljust(MIB + 1)).codes == [413]
