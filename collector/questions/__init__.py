"""Questions about events that the events themselves answer: which values a property has, how many events came when,
and the events one by one.

Events are looked at newest first, in slices of time (``slices``), until all are or the time is up: an answer that was
cut is the whole truth about the span that it names. What slices find is brought together in bounded memory
(``gathering``).
"""
