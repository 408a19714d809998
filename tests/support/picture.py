"""All that is stored of a list, in a form in which two lists can be compared."""

from __future__ import annotations

from typing import Any

from tests.support.site import Site

Row = dict[str, Any]

_OF_NO_MEANING = ("_id", "writer", "seq", "rev", "scope", "user_id", "list_id", "first", "key")


def picture(site: Site) -> Row:
    """Events, subscribers, visitors and identities: ids that chance or the list's number has made are left out, and a
    subscriber goes by the identities that name it."""
    rows = list(site.db["identities"].find({"_id": {"$regex": f"^{site.scope}/"}}))
    names: dict[str, list[str]] = {}
    for row in rows:
        names.setdefault(row["subscriber"], []).append(row["_id"].removeprefix(site.scope))
    named = {subscriber: " ".join(sorted(keys)) for subscriber, keys in names.items()}
    collections = {name: list(site.db[name].find({"scope": site.scope})) for name in ("events", "visitors")}
    return {
        **{name: sorted((_plain(row, named) for row in found), key=repr) for name, found in collections.items()},
        "subscribers": {named.get(row["_id"], row["_id"]): _plain(row, named) for row in site.subscribers()},
        "identities": {
            row["_id"].removeprefix(site.scope): (named[row["subscriber"]], row["settled"], row["verified"])
            for row in rows
        },
    }


def _plain(value: Any, named: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _plain(item, named) for name, item in value.items() if name not in _OF_NO_MEANING}
    if isinstance(value, list):
        return [_plain(item, named) for item in value]
    return named.get(value, value) if isinstance(value, str) else value
