"""How much of a catalog is shown."""

MOST_EVENTS = 2_000
"""Event names a list."""
MOST_NAMES = 1_000
"""Property names an event."""
SLACK = 2
"""How many times as many are kept, before nothing more is entered."""
