"""Flask: ``Footfall(app)``."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Callable

from .wsgi import Environ, FootfallMiddleware


class Footfall:
    """Gives the events tracked within a request of *app* its address and title.

    Takes what ``footfall.wsgi.FootfallMiddleware`` does; ``identify`` receives Flask's request.
    """

    def __init__(self, app: Any = None, **options: Any) -> None:
        self._options = options
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Any) -> None:
        """Do so for *app*, where it is made later."""
        app.wsgi_app = _Middleware(app.wsgi_app, **self._options)


class _Middleware(FootfallMiddleware):
    def native(self, environ: Environ) -> Callable[[], object]:
        """Flask's own request, within its context."""
        proxy = import_module("flask").request
        return lambda: proxy._get_current_object()  # noqa: PLW0108 (outside of a context even the name fails)
