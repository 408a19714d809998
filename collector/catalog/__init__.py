"""The property catalog: which events a list has and which properties came with them (section 7 of the contract).

Names and counts are kept apart. ``learner`` enters the names that a group of stored events brings new, before they are
acknowledged, within the ``caps``. ``ledger`` gives events their numbers, by which ``fold`` counts them later, in
blocks; ``watch`` tells which processes live. ``reader`` answers; ``rebuild`` makes all of it anew from the events.
"""
