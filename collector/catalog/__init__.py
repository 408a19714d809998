"""The property catalog: which events a list has and which properties came with them (section 7 of the contract).

``learner`` enters what a group of stored events brings that is new, before they are acknowledged; ``reader`` answers;
``rebuild`` makes all of it anew from the events.
"""
