"""How much of the file what gives way may take. Edge: counts pages.

Sessions, objects and the prompts' memory share three quarters of it; limits, control and the work of evicting have the
rest for themselves.
"""

from simulator.state.embedded.tables import Tables, Txn, pages

SHARE = 0.75
"""What they may take of the file together; sessions are what gives way to the others."""
OBJECTS_SHARE = 0.5
"""What objects may take of it."""
PROMPTS_SHARE = 0.1
"""What the prompts' memory may take of it."""


class Room:
    """The pages of the tables, and how many there may be."""

    def __init__(self, tables: Tables) -> None:
        self.size_bytes: int = tables.env.info()["map_size"]
        self.page_bytes: int = tables.env.stat()["psize"]
        self.most = self._part(SHARE)
        self.most_objects = self._part(OBJECTS_SHARE)
        self._sessions = (tables.sessions, tables.used, tables.turns)
        self._objects = (tables.objects, tables.orders, tables.bodies)
        self._prompts = (tables.prompts, tables.recent)

    def sessions(self, txn: Txn) -> int:
        """Pages that sessions take."""
        return pages(txn, self._sessions)

    def objects(self, txn: Txn) -> int:
        """Pages that objects take."""
        return pages(txn, self._objects)

    def prompts(self, txn: Txn) -> int:
        """Pages that the prompts' memory takes."""
        return pages(txn, self._prompts)

    def taken(self, txn: Txn) -> int:
        """Pages that all of them take together."""
        return pages(txn, (*self._sessions, *self._objects, *self._prompts))

    def _part(self, share: float) -> int:
        return int(self.size_bytes * share) // self.page_bytes
