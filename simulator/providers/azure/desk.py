"""The desk as OpenAI's dialect knows it. Wiring."""

from collections.abc import Mapping, Sequence

from simulator.providers.base import Desk, ModelEntry, Reply, Shelf


class AzureDesk:
    """The desk as OpenAI's actions know it: its `run` takes OpenAI's paths."""

    def __init__(self, desk: Desk, shelf: Shelf | None = None) -> None:
        self._desk = desk
        self.shelf: Shelf = desk.shelf if shelf is None else shelf
        self.now = desk.now
        self.request_bits = desk.request_bits
        self.models: Sequence[ModelEntry] = desk.models
        self.batch_rate = desk.batch_rate

    def run(self, path: str, body: bytes, ordinal: int = 0, headers: Mapping[bytes, bytes] | None = None) -> Reply:
        """See `Desk.run`."""
        return self._desk.run("/openai" + path, body, ordinal, headers)
