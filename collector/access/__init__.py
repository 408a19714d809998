"""Who is calling, and how much they may ask: keys, sessions, passwords, origins, rate limits (sections 3 and 8).

``directory`` looks callers and lists up, ``known`` remembers them, in a file too, for while MongoDB is away. ``limits``
counts requests, of what ``leases`` take from MongoDB; ``tally`` counts the many clients that ask for little, ``emails``
the addresses that one has claimed.
"""
