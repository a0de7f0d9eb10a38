"""What an answer says: prose of a drawn length, cut at stop sequences, and embeddings. Pure."""

from simulator.engine.content.embedding import Embedder
from simulator.engine.content.length import AnswerLength
from simulator.engine.content.passage import Passage
from simulator.engine.content.prose import Prose
from simulator.engine.content.stop import cut

__all__ = ["AnswerLength", "Embedder", "Passage", "Prose", "cut"]
