"""The title of a page, looked for in its beginning as it passes by."""

from __future__ import annotations

import re

from ._fork import importing

SCANNED = 64 << 10
"""The bytes of a page in which its title is looked for."""
MAX_TITLE = 500
# What may hold a title that is not the page's.
_NEXT = re.compile(rb"<(!--|title|script|style|textarea|template|noscript|svg|math|iframe|xmp)(?![\w-])")
_REST_OF_TAG = re.compile(rb"(?:[^>\"']|\"[^\"]*\"|'[^']*')*>")
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]+)")


class TitleScan:
    """Looks for a title in the beginning of a page. What it has read is not read again: a page may be hostile."""

    def __init__(self, charset: str) -> None:
        self._charset = charset
        self._seen, self._lower, self._at = bytearray(), bytearray(), 0
        self.title: str | None = None

    def feed(self, chunk: bytes) -> bool:
        """Look at the next *chunk*; whether no more is of use."""
        start = len(self._seen)
        piece = bytes(chunk[: SCANNED - start])
        self._seen += piece
        self._lower += piece.lower()
        if self._lower.find(b"</title", max(0, start - 16)) >= 0:
            self._read_on()
        return self.title is not None or len(self._seen) >= SCANNED

    def _read_on(self) -> None:
        while self.title is None and (found := _NEXT.search(self._lower, self._at)):
            self._at, name = found.start(), found[1]
            end = self._end_of(bytes(name), found.end())
            if end < 0:
                return  # not all of it has come
            if name == b"title" and (tag := _REST_OF_TAG.match(self._lower, found.end(), end)):
                self.title = self._text(bytes(self._seen[tag.end() : end]))
            self._at = end
        if self.title is None:
            self._at = max(self._at, len(self._seen) - 16)

    def _end_of(self, name: bytes, start: int) -> int:
        """Where the element or comment *name* ends whose content begins after *start*; -1 where that has not come."""
        if name == b"!--":
            return self._lower.find(b"-->", start)
        end = self._lower.find(b"</" + name, start)
        return end if self._lower.find(b">", end) >= 0 else -1

    def _text(self, raw: bytes) -> str:
        with importing:
            from html import unescape  # noqa: PLC0415 (its table of entities is of use here alone)

        try:
            text = raw.decode(self._charset or self._told(), errors="replace")
        except (LookupError, ValueError):  # no such encoding, or one that cannot replace
            text = raw.decode(errors="replace")
        return " ".join(unescape(text).split())[:MAX_TITLE]

    def _told(self) -> str:
        """The encoding that the page names in itself, where the answer's head does not."""
        found = _CHARSET.search(self._lower, 0, self._at)
        return bytes(found[1]).decode() if found else "utf-8"
