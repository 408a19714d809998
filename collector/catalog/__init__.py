"""The catalog: which events a list has and which properties came with them (section 7 of the contract), and how often.

``learner`` enters what a group of stored events brings that is new, before they are acknowledged; ``reader`` answers;
``caps`` says how much. ``ledger`` gives events the numbers by which they are counted afterwards, ``fold`` counts them
in blocks, and ``watch`` tells whose writer lives. ``rebuild`` makes all of it anew from the events.
"""
