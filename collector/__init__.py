"""Footfall's collector."""

__version__ = "0.1.0"
