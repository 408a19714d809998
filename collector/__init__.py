"""Footfall's collector.

The path of one event, told once:

1. ``web.api`` takes the request: it reads the body as a stream with a limit, inflates it with a limit, and makes
   parameters of JSON, form and query, under their documented names (``web.reading``, ``commands.parameters``).
2. ``commands.gate`` decides whether it may pass, in one place for all commands: known command, key or session,
   permission, origin of the page, rate limit, JSON Schema.
3. ``commands.event_track`` finds the list, and has ``ingest.admission`` make an ``Event`` of the parameters: an address
   in its compared form, moments in UTC with the client's clock set right, properties that can be stored exactly, the
   visitor, and the ``_id`` on which storing once rests. All that is wrong is told at once. A test event is answered
   here and forgotten.
4. ``ingest.writer`` encodes the event alone, so that one that BSON refuses costs no other, and lets it gather with what
   else is in flight. One group at a time is stored.
5. ``ingest.commit`` stores the group: whom each event belongs to (``identity``, ``claims``), the events and automatic
   identifies in one ``insert_many`` that returns when a majority of MongoDB has them in its journal, then what follows
   from them: links of visitors, subscribers, traits (``aftermath``) and the names new to the catalog
   (``catalog.learner``). Every step can be done again without harm, and is, after a crash in between.
6. Only then is the request answered.

What is asked of the catalog (``catalog.reader``) is a look-up of what step 5 has entered, and so includes all that was
acknowledged before.
"""

__version__ = "0.1.0"
