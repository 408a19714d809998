"""The thread that sends: started at the first event, one a client and process."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from logging import ERROR, WARNING
from typing import TYPE_CHECKING

from ._drops import Drops, logger
from ._exit import close_at_exit
from ._fork import notice_fork, renew_after_fork
from ._limits import Limits, Stats
from ._outcome import Outcome
from ._queue import Event, Queue
from ._sender import Sender
from ._transport import prepare

if TYPE_CHECKING:
    from ._spool import Spool

IDLE_SECONDS = 60.0
"""Seconds without an event after which the thread ends, and with it its connection: clients may be many."""
SYNC_EVERY = 1.0
"""Seconds between two times that what waits in the spool is written to the disk itself."""
SAID_AT = 3
"""The fault in a row that is logged: one is no more than a collector's restart."""


class Worker:
    """Takes events from any thread and sends them from one of its own."""

    def __init__(self, sender: Sender, drops: Drops, limits: Limits, spool: Spool | None = None) -> None:
        self._sender, self._drops, self._limits, self._spool = sender, drops, limits, spool
        self.exit_timeout = limits.exit_timeout
        self._begin()
        renew_after_fork(self)
        if spool is not None and spool.has_leftovers():
            with self._changed:
                self._start()

    def renew(self) -> None:
        """Begin anew, as in a forked child: what waits there is the parent's to send."""
        if self._spool is not None:
            self._spool.renew()
        self._begin()

    def _begin(self) -> None:
        # Re-entrant: a signal's handler or a finalizer may track while its thread holds the lock.
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._queue = Queue(self._limits.max_events, self._limits.max_bytes)
        self._thread: threading.Thread | None = None
        self._under_way = self._sent = self._retries = 0
        self._taken = self._settled = self._returned = 0
        self._batch_events = self._limits.batch_events
        self._hurry, self._last_error, self._failing = False, "", 0

    def put(self, event: Event) -> None:
        """Have *event* sent; it is dropped where the queue is full. Never waits."""
        notice_fork()
        with self._lock:  # the condition's own way in takes longer
            if self._spool is not None:
                event = self._kept(event, self._spool)
            taken = self._queue.put(event)
            self._taken += taken
            if taken and self._thread is None:
                self._start()
            if len(self._queue) in {1, self._limits.batch_events}:
                self._changed.notify_all()
        if self._spool is not None and event.segment is None:
            self._spool.say()
        if not taken and event.segment is None:
            self._drops.add(event.id, "queue full")

    def hurry(self) -> None:
        """Begin to send what waits now, and return at once."""
        notice_fork()
        with self._changed:
            self._hurry = True
            self._changed.notify_all()
            if self._pending() and self._thread is None:
                self._start()

    def flush(self, timeout: float) -> bool:
        """Send what waits now; whether that was settled within *timeout* seconds. What comes later does not count."""
        end = time.monotonic() + min(timeout, threading.TIMEOUT_MAX)
        self.hurry()
        until = self._taken
        self._send_here(end)
        with self._changed:
            return self._wait_for(until, end)

    def close(self, timeout: float) -> bool:
        """Send all within *timeout* seconds and end the thread; the rest is dropped. A later event starts another."""
        end = time.monotonic() + min(timeout, threading.TIMEOUT_MAX)
        self.hurry()
        self._send_here(end)
        with self._changed:
            flushed = self._wait_for(None, end)
            self._thread = None
            self._changed.notify_all()
            left = self._queue.take(len(self._queue), self._queue.bytes + len(self._queue))
            self._settled += len(left)
        self._close_on(left)
        return flushed

    def stats(self) -> Stats:
        """What was done up to now."""
        with self._changed:
            disk = (0, 0) if self._spool is None else (self._spool.late, self._spool.missed)
            queued = len(self._queue) + self._under_way
            return Stats(queued, self._sent, dict(self._drops.counts), self._retries, self._last_error, *disk)

    def _wait_for(self, until: int | None, end: float) -> bool:
        """Whether the first *until* events, or all, are settled before *end*."""
        while not self._is_settled(until) and (left := end - time.monotonic()) > 0:
            self._changed.wait(left)
        return self._is_settled(until)

    def _is_settled(self, until: int | None) -> bool:
        if until is None or not self._pending():
            return not self._pending()
        # In their order, but for those that were given back, and those on disk that the queue had no room for.
        return self._settled >= until and not self._returned and not self._late()

    def _pending(self) -> int:
        return len(self._queue) + self._under_way + self._late()

    def _late(self) -> int:
        return 0 if self._spool is None else self._spool.late

    def _kept(self, event: Event, spool: Spool) -> Event:
        """*event*, in the spool too; one that the queue will never have room for is not."""
        has_room = self._queue.has_room(event)
        return spool.keep(event, not has_room) if has_room or self._queue else event

    def _start(self) -> bool:
        prepare()
        thread = threading.Thread(target=self._run, name="footfall", daemon=True)
        self._thread = thread
        try:
            thread.start()
        except RuntimeError:  # the interpreter is ending
            self._thread = None
            return False
        close_at_exit(self)
        return True

    def _run(self) -> None:
        try:
            while batch := self._next():
                outcome = self._sent_as(batch)
                self._settle(batch, outcome)
                self._wait(outcome)
        finally:  # also where an app's on_drop has raised SystemExit
            with self._changed:
                if self._mine():
                    self._thread = None
                    if self._queue:
                        self._start()
            self._sender.close()

    def _sent_as(self, batch: Sequence[Event], seconds: float | None = None) -> Outcome:
        """What became of *batch*, whatever happened."""
        try:
            return self._sender.send(batch, seconds)
        except Exception as fault:
            logger.exception("A batch could not be sent")
            return Outcome(again=batch, fault=repr(fault))

    def _mine(self) -> bool:
        return self._thread is threading.current_thread()

    def _next(self) -> Sequence[Event]:
        """The next batch, when it is full, old enough or wanted now; none when the thread has to end."""
        self._refill()
        with self._changed:
            while self._mine() and not self._queue:
                self._hurry = False
                if not self._changed.wait(IDLE_SECONDS) and self._mine() and not self._queue:
                    self._thread = None  # the next event starts another
            end = time.monotonic() + self._limits.interval
            while self._mine() and not self._is_due() and (left := end - time.monotonic()) > 0:
                self._changed.wait(left)
            return self._take() if self._mine() else ()

    def _refill(self) -> None:
        """Read some of what waits on disk alone, where the queue has become short."""
        if self._spool is not None and len(self._queue) < self._limits.batch_events and (late := self._spool.next()):
            with self._changed:
                self._queue.put_back(late)
                self._settled -= len(late)  # they were never counted as taken

    def _is_due(self) -> bool:
        full = len(self._queue) >= self._limits.batch_events or self._queue.bytes >= self._limits.batch_bytes
        return self._hurry or full or self._returned > 0  # which have waited before, and the pause after that

    def _take(self) -> list[Event]:
        batch = self._queue.take(self._batch_events, self._limits.batch_bytes)
        self._under_way += len(batch)  # a thread that was ended may still have its own
        return batch

    def _settle(self, batch: Sequence[Event], outcome: Outcome, here: bool = False) -> None:
        """Note what became of *batch*. *here*: by the caller's own thread, which sees to the rest."""
        if self._spool is not None:
            again = set(map(id, outcome.again))
            self._spool.settle(event for event in batch if id(event) not in again)
        with self._changed:
            self._under_way -= len(batch)
            self._sent += outcome.sent
            self._returned = len(outcome.again)
            self._settled += len(batch) - self._returned
            self._batch_events = max(1, len(batch) // 2) if outcome.halve else self._limits.batch_events
            closed = self._thread is None and not here
            if not closed:
                self._queue.put_back(outcome.again)
            said = self._note(outcome)
            for _, reason in outcome.dropped:  # before a flush that has waited for it looks
                self._drops.count(reason, outcome.why)
            # A flush that has waited for this fault does not cut its pause short; one that comes now does.
            self._hurry = self._hurry and (outcome.halve or not outcome.fault)
            self._changed.notify_all()
        if said:  # not under the lock: a handler of the app's may hold one of its own, and track
            logger.log(*said)
        for event, reason in outcome.dropped:
            self._drops.tell(event.id, reason)
        if closed:
            self._close_on(outcome.again)

    def _note(self, outcome: Outcome) -> tuple[int, str, str] | None:
        """Note a fault; what is to be logged of it."""
        if not outcome.fault:
            self._failing = 0
            return None
        self._retries += 1
        self._failing += not outcome.halve
        before, self._last_error = self._last_error, outcome.fault
        if outcome.refused and outcome.fault != before:
            return ERROR, "The collector does not take events: %s", outcome.fault
        if not outcome.refused and self._failing == SAID_AT:
            return WARNING, "Events wait, and are sent again: %s", outcome.fault
        return None

    def _close_on(self, events: Sequence[Event]) -> None:
        """Leave *events* in the spool; without one, or where it has no room, they are lost."""
        spool = self._spool
        kept = events if spool is None else [event if event.segment else spool.keep(event, True) for event in events]
        if spool is not None:
            spool.say()
            spool.close()
        lost = [event for event in kept if event.segment is None]
        for _ in lost:  # all, before one word of it is logged
            self._drops.count("closed")
        for event in lost:
            self._drops.tell(event.id, "closed")
        self._drops.tell_rest()

    def _wait(self, outcome: Outcome) -> None:
        """Wait as *outcome* asks. What stays in the spool for so long is to outlive a power cut too."""
        end = time.monotonic() + self._sender.pause(outcome)
        while self._has_waited(end, outcome):
            if self._spool is not None:
                self._spool.sync()

    def _has_waited(self, end: float, outcome: Outcome) -> bool:
        """Wait for a while; false where there is none left. A flush cuts short what the server has not asked for."""
        with self._changed:
            left = end - time.monotonic()
            if left <= 0 or not self._mine() or (self._hurry and outcome.wait is None):
                return False
            self._changed.wait(min(left, SYNC_EVERY))
            return True

    def _send_here(self, end: float) -> None:
        """Send from this thread, where no other can be started."""
        while self._thread is None and self._queue and (left := end - time.monotonic()) > 0:
            with self._changed:
                batch = self._take()
            outcome = self._sent_as(batch, left)
            self._settle(batch, outcome, here=True)
            if outcome.fault and not outcome.halve:
                return
