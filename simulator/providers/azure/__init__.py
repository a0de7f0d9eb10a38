"""Azure OpenAI: OpenAI's dialect in Azure's envelope.

The one dialect that builds on another: Azure serves OpenAI's own API, with other paths, headers, errors, and content
filter results in the answers. What is said is `simulator.providers.openai`'s; only the envelope is here.
"""

from simulator.providers.azure.provider import Azure

__all__ = ["Azure"]
