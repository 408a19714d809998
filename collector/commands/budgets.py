"""Which rate limits a call counts against (section 8 of the contract)."""

from __future__ import annotations

from collector.access.limits import Budget
from collector.commands.call import Call, Services
from collector.commands.event_batch import MOST_PUBLIC_EVENTS, events_in


def tracking(call: Call, services: Services) -> list[Budget]:
    """The user's, or the key's own; with a public key also the client address's, so that one visitor cannot use up
    the site's."""
    return _tracking(call, services, 1)


def batch(call: Call, services: Services) -> list[Budget]:
    """The same. A batch is one request to the user's, but to the client address's as many as it has events; of one
    that is too large to be taken, whatever is left, no more than of the largest."""
    return _tracking(call, services, min(events_in(call.given), MOST_PUBLIC_EVENTS))


def querying(call: Call, services: Services) -> list[Budget]:
    """The user's for queries, or the key's own."""
    return [_owner(call, "query", services.settings.query_limit)]


def page(call: Call, services: Services) -> list[Budget]:
    """The session's own, so that a page that is left open uses up nobody's but its own."""
    session = services.limits.address_name(call.session)
    return [Budget(f"session/{session}", services.settings.console_limit)]


def login(call: Call, services: Services) -> list[Budget]:
    """Tries of an address, and tries at a name."""
    most = services.settings.login_limit
    name = services.limits.address_name(str(call.given.get("Username", "")).strip().lower())
    return [Budget(f"login/address/{call.client}", most), Budget(f"login/name/{name}", most)]


def free(_call: Call, _services: Services) -> list[Budget]:
    """None."""
    return []


def _tracking(call: Call, services: Services, events: int) -> list[Budget]:
    settings = services.settings
    budgets = [_owner(call, "track", settings.track_limit)]
    key = call.who.key
    if key and key.trust == "public":
        budgets.append(Budget(f"public/{key.prefix}/{call.client}", settings.public_limit, events))
    return budgets


def _owner(call: Call, what: str, limit: int) -> Budget:
    caller = call.who
    if caller.key and caller.key.rate_limit is not None:
        return Budget(f"key/{caller.key.prefix}/{what}", caller.key.rate_limit)
    return Budget(f"user/{caller.user.id}/{what}", limit)
