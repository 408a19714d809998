"""The examples of the API's public document give the documented answers, field for field."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.support.site import Answer, Site

EXAMPLE: dict[str, Any] = {
    "Command": "event.track",
    "Event": "page_view",
    "Email": "subscriber@example.com",
    "ID": "user-12345",
    "Properties": {
        "$page_title": "Product Page",
        "$current_url": "https://example.com/products/item-1",
        "product_id": "item-1",
        "product_name": "Example Product",
    },
}


async def _as_json(site: Site, path: str, parameters: dict[str, Any]) -> Answer:
    return await site.call(path, parameters)


async def _as_form(site: Site, path: str, parameters: dict[str, Any]) -> Answer:
    flat = {name: value for name, value in parameters.items() if name != "Properties"}
    nested = {f"Properties[{name}]": value for name, value in parameters.get("Properties", {}).items()}
    return await site.form(path, urlencode({**flat, **nested}))


PATHS = pytest.mark.parametrize("path", ["/api/v1/event", "/api.php"])
ENCODINGS = pytest.mark.parametrize("encoded", [_as_json, _as_form])


@PATHS
@ENCODINGS
@pytest.mark.gen_test(timeout=30)
async def test_the_tracking_example_is_answered_as_documented(site: Site, path: str, encoded: Any) -> None:
    answer = await encoded(site, path, {**EXAMPLE, "APIKey": site.secret, "ListID": site.list_id})
    assert answer.status == 200
    assert list(answer.body) == ["status", "uuid", "external_id", "identify_event_sent"]
    assert answer.body == {
        "status": "success",
        "uuid": answer.body["uuid"],
        "external_id": "user-12345",
        "identify_event_sent": True,
    }
    tracked = site.events(event="page_view")
    assert [row["properties"] for row in tracked] == [EXAMPLE["Properties"]]


@PATHS
@ENCODINGS
@pytest.mark.gen_test(timeout=30)
async def test_a_request_without_an_event_is_answered_as_documented(site: Site, path: str, encoded: Any) -> None:
    answer = await encoded(site, path, {"Command": "event.track", "APIKey": site.secret})
    assert answer.status == 422
    assert answer.body == {"Errors": [{"Code": 5, "Message": "Missing event parameter"}]}


@pytest.mark.parametrize(
    "path", ["/api/v1/website_events.properties?ListID={}", "/api.php?Command=website_events.properties&ListID={}"]
)
@pytest.mark.gen_test(timeout=30)
async def test_the_properties_example_is_answered_as_documented(site: Site, path: str) -> None:
    conversion = {"conversion-id": "c1", "conversion-name": "Sale", "conversion-value": 10, "product_category": "x"}
    await site.track("page_view", Properties={"product_id": 1, "$page_title": "T", "$current_url": "https://e.com"})
    await site.track("conversion", Properties=conversion)
    await site.track("custom_event", Properties={"event_property_2": 2, "event_property_1": 1})
    answer = await site.send("GET", path.format(site.list_id), Authorization=f"Bearer {site.secret}")
    assert answer.status == 200
    assert json.dumps(answer.body) == json.dumps(
        {
            "ListID": site.list_id,
            "Properties": {
                "conversion": ["conversion-id", "conversion-name", "conversion-value", "product_category"],
                "custom_event": ["event_property_1", "event_property_2"],
                "page_view": ["$current_url", "$page_title", "product_id"],
            },
        }
    )


@pytest.mark.gen_test(timeout=30)
async def test_a_properties_request_without_a_list_is_answered_as_documented(site: Site) -> None:
    answer = await site.send("GET", "/api/v1/website_events.properties", Authorization=f"Bearer {site.secret}")
    assert answer.status == 422
    assert answer.body == {"Errors": [{"Code": 1, "Message": "Missing ListID parameter"}]}
