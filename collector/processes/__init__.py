"""Several processes on one port: a parent that starts them, and collectors that are its children, each in a slot.

The parent has the data directory, the embedded MongoDB and a listening socket a slot, all for its whole life, so that
what waits in the socket of a child that dies is taken by the next one in its slot. A slot is a number and a directory:
what a child leaves there, its spool above all, its successor finds. ``slots`` is that directory, ``children`` keeps the
slots occupied, ``link`` is what parent and child say to each other, ``totals`` the sum of what they count.

A child is a new program, not a fork, which would have the parent's locks and event loop. Its standard input is the
link: the settings come over it, since a password in them must not show in a list of processes, and its end tells a
child that the parent is gone.
"""

from collector.processes.children import Children
from collector.processes.link import Link, Message
from collector.processes.office import Office
from collector.processes.slots import Slot, adopt_leftovers

__all__ = ["Children", "Link", "Message", "Office", "Slot", "adopt_leftovers"]
