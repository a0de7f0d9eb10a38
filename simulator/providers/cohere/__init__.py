"""The Cohere dialect: chat, embed, rerank, tokenize, classify and models, of API versions 1 and 2. Pure."""

from simulator.providers.cohere.provider import Cohere

__all__ = ["Cohere"]
