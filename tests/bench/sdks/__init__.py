"""The Python SDK beside others from the package index, each in processes of its own, against one counting server.

``environment`` makes the virtual environment that they live in, ``stub`` is the server. ``adapters`` and ``lives`` run
in that environment and import nothing but the standard library and an SDK. ``part`` measures, ``comparison`` makes the
table of it.
"""
