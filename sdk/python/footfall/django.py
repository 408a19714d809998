"""Django, sync and async: ``"footfall.django.FootfallMiddleware"`` in ``MIDDLEWARE``, below ``GZipMiddleware``.

The arguments of ``footfall.Web`` may stand in the setting ``FOOTFALL``, a dict.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from importlib import import_module
from typing import Any

from ._page import Request
from ._scope import Scope, Web, within
from .wsgi import begun, request_of


class FootfallMiddleware:
    """Gives the events tracked within a request its address and title; ``identify`` receives Django's request."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Any) -> None:
        self._get_response = get_response
        self._web = Web(**getattr(import_module("django.conf").settings, "FOOTFALL", {}))
        marks = import_module("asgiref.sync")
        self._is_async = marks.iscoroutinefunction(get_response)
        if self._is_async:
            marks.markcoroutinefunction(self)

    def __call__(self, request: Any) -> Any:
        """Serve one request."""
        if self._is_async:
            return self._served_async(request)
        scope = Scope(_request(request), self._web)
        try:
            with within(scope):
                return _watched(self._get_response(request), scope)
        except BaseException:
            scope.settle()
            raise

    async def _served_async(self, request: Any) -> Any:
        scope = Scope(_request(request), self._web)
        try:
            with within(scope):
                return _watched(await self._get_response(request), scope)
        except BaseException:
            scope.settle()
            raise


def _request(request: Any) -> Request:
    # Under ASGI, META is made as under WSGI, but for the path.
    known = request_of(request.META, lambda: request)
    path = import_module("django.utils.encoding").escape_uri_path(request.path)
    return known._replace(method=request.method, scheme=request.scheme, path=path)


def _watched(response: Any, scope: Scope) -> Any:
    """*response*, its title read now, or as it streams."""
    headers = {name.lower(): value for name, value in response.items()}
    may_hold = begun(scope, response.status_code, headers, None)
    if not response.streaming:
        scope.feed(response.content)
        scope.settle()
    elif not may_hold and getattr(response, "file_to_stream", None) is not None:
        pass  # the server may send a file by itself, where it stays one
    elif getattr(response, "is_async", False):  # since 4.2
        response.streaming_content = _streamed_async(response.streaming_content, scope)
    else:
        response.streaming_content = _streamed(response.streaming_content, scope)
    return response


def _streamed(chunks: Any, scope: Scope) -> Iterator[bytes]:
    try:
        while True:
            with within(scope):
                chunk = next(chunks, None)
            if chunk is None:
                return
            scope.feed(chunk)
            yield chunk
    finally:
        scope.settle()


async def _streamed_async(chunks: Any, scope: Scope) -> AsyncIterator[bytes]:
    try:
        while True:
            with within(scope):
                chunk = await chunks.__anext__()  # 3.9 has no anext
            scope.feed(chunk)
            yield chunk
    except StopAsyncIteration:
        return
    finally:
        scope.settle()
