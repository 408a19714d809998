"""Footfall's collector.

The path of one event, told once:

1. ``web.api`` takes the request from Tornado's server: it reads the body as a stream with a limit, inflates it with a
   limit, and makes parameters of JSON, form and query, under their documented names (``web.reading``,
   ``commands.parameters``).
2. ``commands.gate`` decides whether it may pass, in one place for all commands: known command, key or session,
   permission, origin of the page, rate limit, JSON Schema. Keys and lists are remembered for a moment, and through an
   outage (``access.known``); limits are leased from MongoDB in parts, so that hardly a request waits for them
   (``access.leases``).
3. ``commands.event_track``, or ``commands.event_batch`` for each of many, finds the list, and has ``ingest.admission``
   make an ``Event`` of the parameters: an address in its compared form, moments in UTC with the client's clock set
   right, properties that can be stored exactly, the visitor and what a page's user agent tells of it
   (``ingest.agents``), and the ``_id`` on which storing once rests. All that is
   wrong is told at once, in a batch for each event by itself. A test event is answered here and forgotten.
4. The event is encoded alone, so that one that BSON refuses costs no other (``ingest.pending``), and ``ingest.writer``
   lets it gather with what else is in flight, batches and single events alike. Two groups at most are stored at once.
5. ``ingest.commit`` stores the group: whom each event belongs to (``identity``, ``claims``), a number for each
   (``catalog.ledger``), the events and automatic identifies in one ``insert_many`` that returns when a majority of
   MongoDB has them in its journal, then what follows from them: links of visitors, subscribers, traits (``aftermath``)
   and the names new to the catalog (``catalog.learner``). Every step can be done again without harm, and is, after a
   crash in between. A fault that is not MongoDB's absence is halved down to the event that brings it
   (``ingest.storing``).
6. A group that MongoDB has not taken within 2 s of its first event goes to the ``spool`` of this process
   (``ingest.spooling``): appended, checked, fsynced. From there it takes step 5 again when MongoDB is back, beside what
   comes in; what can never be stored is set aside.
7. Only then, after 5 or 6, is the request answered.

What became of it, or why it was refused once its caller was known, is told to those who watch at the console (``live``,
``commands.showing``), beside all this and after it; where nobody watches, nothing is written.

Later, and apart, the ``ledger`` has those counted that are certain to be stored, in blocks that are written down before
they are counted (``catalog.fold``), by one process at a time for all. What is asked of the catalog (``catalog.reader``)
is a look-up of what step 5 has entered, and so includes all that was acknowledged before, but for what waits in a
spool. Questions that only events can answer (``questions``) look at them newest first, as long as they may.

All this is one process. Several on one port (``processes``), and on other hosts, have a writer, a spool and a ledger
each, and meet in MongoDB alone: there an ``_id`` is unique, an identity is claimed, a lease is taken.
"""

__version__ = "0.1.0"
