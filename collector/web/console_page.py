"""``/console``: the page for marketers, one HTML whose view is in its address."""

from __future__ import annotations

from pathlib import Path

from collector.web.ops import PlainHandler

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "font-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
_MISSING = "<!doctype html><title>Footfall</title><p>The console has not been built: run make bundle</p>\n"


class ConsolePage(PlainHandler):
    """The page, whatever view its address names; it runs nothing inline, and nothing of another host."""

    def initialize(self, directory: Path) -> None:
        """
        Args:
            directory: where the page has been built.
        """
        self._file = directory / "index.html"

    def set_default_headers(self) -> None:
        """Headers of all answers."""
        super().set_default_headers()
        self.set_header("Content-Security-Policy", POLICY)
        self.set_header("Referrer-Policy", "same-origin")
        self.set_header("Cross-Origin-Opener-Policy", "same-origin")
        self.set_header("Cache-Control", "no-cache")

    def get(self) -> None:
        """The page as it lies there; by its ETag a browser knows whether it has it."""
        self.write(self._file.read_text(encoding="utf-8") if self._file.is_file() else _MISSING)

    head = get
