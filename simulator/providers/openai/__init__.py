"""OpenAI's API: chat completions, completions, embeddings, models."""

from simulator.providers.openai.provider import OpenAI

__all__ = ["OpenAI"]
