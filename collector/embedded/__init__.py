"""The embedded MongoDB: a ``mongod`` of Footfall's own, for trying it and for small sites.

``DataDirectory`` sees to it that one process at a time works in a data directory. ``EmbeddedMongo`` runs a ``mongod``
on the data in there: a replica set of one node on loopback, with a password of its own, made the first time, started
again whenever it dies, and never left behind. ``running_uri`` is how a command finds the MongoDB of a server that is
already running in the same data directory.
"""

from collector.embedded.datadir import DataDirectory, DirectoryInUse
from collector.embedded.server import EmbeddedMongo, running_uri

__all__ = ["DataDirectory", "DirectoryInUse", "EmbeddedMongo", "running_uri"]
