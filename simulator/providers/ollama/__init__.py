"""Ollama's own API: chat, generate, embeddings, and the upkeep of models."""

from simulator.providers.ollama.provider import Ollama

__all__ = ["Ollama"]
