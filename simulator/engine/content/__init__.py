"""What is answered: text, its length, where it stops, and embeddings."""

from simulator.engine.content.draws import Draws
from simulator.engine.content.embedding import Embedder
from simulator.engine.content.length import AnswerLength
from simulator.engine.content.stop import cut
from simulator.engine.content.writer import Writer

__all__ = ["AnswerLength", "Draws", "Embedder", "Writer", "cut"]
