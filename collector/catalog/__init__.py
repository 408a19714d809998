"""The catalog: which events a list has and which properties came with them (section 7 of the contract), and how often.

``learner`` enters what a group of stored events brings that is new, before they are acknowledged; ``reader`` answers;
``caps`` says how much. ``ledger`` gives events the numbers by which they are counted afterwards, ``fold`` counts them
in blocks, and ``watch`` tells whose writer lives. ``rebuild`` makes all of it anew from the events, and ``renewal`` has
that done after an upgrade.

The same blocks are counted by time, in quarters of an hour; ``rollups`` answers from those. ``similar``, ``examples``
and ``masking`` are what else a marketer is told of a name.
"""
