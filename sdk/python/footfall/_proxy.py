"""The proxy that the environment names: ``https_proxy``, ``http_proxy``, ``all_proxy``, ``no_proxy``."""

from __future__ import annotations

import os
from base64 import b64encode
from urllib.parse import SplitResult, unquote, urlsplit


def proxy_for(url: SplitResult) -> SplitResult | None:
    """The proxy on the way to *url*; None where there is none. One of another kind than HTTP is not used."""
    # The upper-case HTTP_PROXY is left alone: under CGI a caller's header sets it.
    names = ["https_proxy", "HTTPS_PROXY"] if url.scheme == "https" else ["http_proxy"]
    named = next((os.environ[name] for name in [*names, "all_proxy", "ALL_PROXY"] if os.environ.get(name)), "")
    if not named or _is_direct(url.hostname or ""):
        return None
    proxy = urlsplit(named if "://" in named else f"http://{named}")
    return proxy if proxy.scheme == "http" and proxy.hostname else None


def _is_direct(host: str) -> bool:
    exceptions = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    for name in filter(None, (part.strip().lower().split(":")[0] for part in exceptions.split(","))):
        if name == "*" or host == name.lstrip(".") or host.endswith(f".{name.lstrip('.')}"):
            return True
    return False


def authorization(proxy: SplitResult) -> dict[str, str]:
    """The header that the proxy's own name and password make."""
    if proxy.username is None:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {b64encode(pair.encode()).decode()}"}
