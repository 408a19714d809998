"""``make bench``: what an event costs, as ratios within one run.

Not collected by pytest. What is measured is the collector as its operator runs it (``serve`` over its embedded MongoDB,
all checks on, limits set so high that they cut nothing); after each part the database is compared with what was
acknowledged, since a fast answer that is wrong is worth nothing.

``traffic`` says what is sent, ``client`` sends it from a process of its own, ``usage`` reads what processes use,
``account`` compares, ``report`` prints. Each of the other modules is a part, or serves one.
"""
