"""Everything that is kept: the only package that knows MongoDB, motor and pymongo.

One module a collection. Writes are acknowledged by a majority with its journal, reads come from the primary.
"""
