"""The proxy that the environment names: ``https_proxy``, ``http_proxy``, ``all_proxy``, ``no_proxy``."""

from __future__ import annotations

from base64 import b64encode
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]

from ._drops import logger


def proxy_for(url: SplitResult) -> SplitResult | None:
    """The proxy on the way to *url*; None where there is none. One of another kind than HTTP is said, and not used."""
    named = getproxies_environment()
    given = named.get(url.scheme) or named.get("all") or ""
    if not given or proxy_bypass_environment(url.netloc, named):
        return None
    proxy = _parsed(given if "://" in given else f"http://{given}")
    if proxy is None:
        logger.error("The proxy is not used: its address must begin with http:// (or hand in a transport of your own)")
        return None
    return proxy


def _parsed(address: str) -> SplitResult | None:
    try:
        proxy = urlsplit(address)
        usable = proxy.scheme == "http" and proxy.hostname and proxy.port != 0  # to read it refuses what is no number
    except ValueError:
        return None
    return proxy if usable else None


def authorization(proxy: SplitResult) -> dict[str, str]:
    """The header that the proxy's own name and password make."""
    if proxy.username is None:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {b64encode(pair.encode()).decode()}"}
