"""LLM-Simulator: answers like a language model's API, with no model behind it."""

__version__ = "0.1.0"
