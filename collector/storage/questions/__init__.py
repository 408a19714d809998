"""Questions about events, asked of the events themselves: which are meant, and the pipelines that look at them.

What a caller sent, a property's name or a value, stands in a pipeline as a literal alone.
"""
