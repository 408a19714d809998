"""What ``footfall serve`` prints once it runs: where, and how to use the demo."""

from __future__ import annotations

import json
from dataclasses import asdict

from collector import __version__
from collector.cli.demo import Demo


def greet(address: str, port: int, demo: Demo | None, as_json: bool) -> None:
    """Prints the address at which a collector can be reached from this machine, and its demo."""
    base = _base_url(address, port)
    if as_json:
        print(json.dumps({"url": base, **(asdict(demo) if demo else {})}), flush=True)
        return
    text = f"Footfall {__version__} is running on {base}. Ctrl-C stops it."
    print(f"{text}\n{_invitation(base, demo)}" if demo else text, flush=True)


def _base_url(address: str, port: int) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(address, address)  # noqa: S104 # only compared
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _invitation(base: str, demo: Demo) -> str:
    body = json.dumps(
        {
            "Command": "event.track",
            "APIKey": demo.secret_key,
            "Event": "page_view",
            "ListID": demo.list_id,
            "Email": "subscriber@example.com",
            "ID": "user-12345",
            "Properties": {"$page_title": "Product Page", "$current_url": "https://example.com/products/item-1"},
        }
    )
    return f"""
  Console    {base}/console
  Demo page  {base}/demo
  Log in as  {demo.user}, password {demo.password}
  Track one  curl -X POST {base}/api/v1/event -H 'Content-Type: application/json' -d '{body}'
  See it     curl '{base}/api/v1/website_events.properties?ListID={demo.list_id}' \
-H 'Authorization: Bearer {demo.secret_key}'
"""
