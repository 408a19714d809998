"""FastAPI: ``app.add_middleware(FootfallMiddleware)``."""

from .asgi import FootfallMiddleware

__all__ = ["FootfallMiddleware"]
