"""Where events wait while MongoDB is away: append-only files of checked records, fsynced before one is acknowledged.

``records`` is the format, ``segments`` a file of them, ``queue`` the files one after another, ``kept`` what is kept for
a person to look at; ``files`` is all of it together, and ``status`` how it looks from outside. What a record holds is
not known here.
"""

from collector.spool.files import Depth, Spool, SpoolFull
from collector.spool.segments import Segment

__all__ = ["Depth", "Segment", "Spool", "SpoolFull"]
