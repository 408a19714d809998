"""The command line, ``footfall`` or ``python -m collector``: a module a family of commands."""
