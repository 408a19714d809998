"""What a visitor's user agent tells: browser, system, kind of device, and whether it is a bot's.

The text itself goes no further than here. It is whatever its sender likes: long texts are cut, and the patterns are
matched by an engine whose time grows with the text's length alone (``ua-parser-rs``, Rust's ``regex``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

from cachetools import LRUCache
from ua_parser import Parser
from ua_parser.loaders import load_builtins
from ua_parser.regex import Resolver

from collector.model import Document

DeviceType = Literal["desktop", "mobile", "tablet", "tv", "console", "watch"]

_LONGEST = 512
"""Characters that are looked at. Browsers in apps, the most talkative, send 300."""
_LONGEST_NAME = 40
_MOST_REMEMBERED = 4_096
"""Agents whose reading is remembered: one takes 10 to 50 µs, and most come again."""

_BROWSERS = ("Mozilla/", "Opera/")
"""With one of these every browser's agent has begun for 25 years; a library's begins with its own name."""
_DRIVEN = re.compile(r"headless|lighthouse|phantomjs|jsdom|cypress|puppeteer|playwright|selenium", re.I)
_KINDS: tuple[tuple[DeviceType, re.Pattern[str]], ...] = (
    (
        "tv",
        re.compile(r"smart-?tv|(google|android|apple) ?tv|hbbtv|web0s|netcast|crkey|bravia|(?-i:\bAFT[A-Z])", re.I),
    ),
    ("console", re.compile(r"playstation|xbox|nintendo", re.I)),
    ("watch", re.compile(r"\bwatch\b|wear ?os", re.I)),
    ("tablet", re.compile(r"ipad|tablet|kindle|silk/|playbook|android(?!.*mobi)", re.I)),
    ("mobile", re.compile(r"mobi|iphone|ipod|android|windows phone|kaios", re.I)),
    ("desktop", re.compile(r"windows|macintosh|x11|linux|cros", re.I)),
)
"""The kinds of devices, the most particular first."""


@dataclass(frozen=True, slots=True)
class Agent:
    """What an agent tells: ``fields`` are ``browser``, ``os`` and ``device_type``, as far as it names them."""

    fields: Document | None
    bot: bool


_NOBODY = Agent(None, bot=True)


class Agents:
    """Reads user agents, and remembers the latest."""

    def __init__(self) -> None:
        self._parser = _parser()
        self._read: LRUCache[str, Agent] = LRUCache(_MOST_REMEMBERED)

    def read(self, text: str | None) -> Agent:
        """What a ``User-Agent`` tells; never an error. Without one, or with one that is no browser's, it is a bot's.

        Args:
            text: the header, None where there is none.
        """
        text = (text or "")[:_LONGEST]
        found = self._read.get(text)
        if found is None:
            found = self._read[text] = self._told(text)
        return found

    def _told(self, text: str) -> Agent:
        if not text.startswith(_BROWSERS):
            return _NOBODY
        result = self._parser.parse(text)
        if result.device and result.device.brand == "Spider":
            return _NOBODY  # a crawler's name is whatever it says
        fields = {
            "browser": result.user_agent.family[:_LONGEST_NAME] if result.user_agent else None,
            "os": result.os.family[:_LONGEST_NAME] if result.os else None,
            "device_type": _kind(text),
        }
        return Agent({name: value for name, value in fields.items() if value} or None, bool(_DRIVEN.search(text)))


@cache
def _parser() -> Parser:
    """It takes 0.2 s and 25 MB to make: a process has one."""
    return Parser(Resolver(load_builtins()))


def _kind(text: str) -> DeviceType | None:
    return next((kind for kind, pattern in _KINDS if pattern.search(text)), None)
