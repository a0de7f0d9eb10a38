"""Mistral's API: chat and fill-in-the-middle completions, embeddings, moderations, models."""

from simulator.providers.mistral.provider import Mistral

__all__ = ["Mistral"]
