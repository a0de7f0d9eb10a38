"""What is known of the models in Ollama's library: size, family, and what they can. Pure.

From the library's pages. A model that is not here is taken for one that can do everything its kind does.
"""

from typing import Final

import msgspec

from simulator.providers.base import ModelEntry

COMPLETION: Final = "completion"
TOOLS: Final = "tools"
THINKING: Final = "thinking"
VISION: Final = "vision"
INSERT: Final = "insert"
EMBEDDING: Final = "embedding"


class Facts(msgspec.Struct, frozen=True):
    """A model's architecture, its parameters (in words and in number), its quantization and what it can.

    `width` is the length of its hidden vectors, and so of its embeddings.
    """

    family: str
    size: str
    parameters: int
    width: int
    abilities: tuple[str, ...]
    quantization: str = "Q4_K_M"

    @property
    def bytes(self) -> int:
        """About the size of its file: 16 bits a parameter unquantized, else five."""
        return self.parameters * 2 if self.quantization == "F16" else self.parameters * 5 // 8


_PLAIN = (COMPLETION,)
_TOOLS = (COMPLETION, TOOLS)
_THINKS = (COMPLETION, TOOLS, THINKING)
_SEES = (COMPLETION, VISION)
_EMBEDS = (EMBEDDING,)

_FACTS: Final = {
    "llama3.1": Facts("llama", "8.0B", 8_030_261_312, 4096, _TOOLS),
    "llama3.2": Facts("llama", "3.2B", 3_212_749_888, 3072, _TOOLS),
    "llama3.2:1b": Facts("llama", "1.2B", 1_235_814_432, 2048, _TOOLS, "Q8_0"),
    "llama3.2-vision": Facts("mllama", "10.7B", 10_670_220_835, 4096, _SEES),
    "llama3.3": Facts("llama", "70.6B", 70_553_706_560, 8192, _TOOLS),
    "mistral": Facts("llama", "7.2B", 7_248_023_552, 4096, _TOOLS),
    "qwen2.5": Facts("qwen2", "7.6B", 7_615_616_512, 3584, _TOOLS),
    "qwen2.5-coder": Facts("qwen2", "7.6B", 7_615_616_512, 3584, (COMPLETION, TOOLS, INSERT)),
    "qwen3": Facts("qwen3", "8.2B", 8_190_735_360, 4096, _THINKS),
    "deepseek-r1": Facts("qwen3", "8.2B", 8_190_735_360, 4096, (COMPLETION, THINKING)),
    "gpt-oss": Facts("gptoss", "20.9B", 20_914_757_184, 2880, _THINKS, "MXFP4"),
    "gemma3": Facts("gemma3", "4.3B", 4_299_915_632, 2560, _SEES),
    "phi4": Facts("phi3", "14.7B", 14_659_507_200, 5120, _PLAIN),
    "llava": Facts("llama", "7B", 7_241_732_096, 4096, _SEES, "Q4_0"),
    "nomic-embed-text": Facts("nomic-bert", "137M", 136_727_040, 768, _EMBEDS, "F16"),
    "mxbai-embed-large": Facts("bert", "334M", 334_092_288, 1024, _EMBEDS, "F16"),
    "all-minilm": Facts("bert", "23M", 22_565_376, 384, _EMBEDS, "F16"),
}


def facts_of(name: str) -> Facts | None:
    """What is known of a model by its name, with a tag or without one."""
    return _FACTS.get(name) or _FACTS.get(name.partition(":")[0])


def lacks(name: str, ability: str) -> bool:
    """Whether a model is known not to have an ability."""
    facts = facts_of(name)
    return facts is not None and ability not in facts.abilities


def shown(entry: ModelEntry) -> Facts:
    """What to tell of a model, known or not."""
    found = facts_of(entry.alias_of or entry.id)
    if found is not None:
        return found
    abilities = _EMBEDS if entry.kind == "embedding" else _TOOLS
    return Facts("llama", "8.0B", 8_030_261_312, 4096, abilities)


def qualified(name: str) -> str:
    """A name as the server writes it in full: `llama3.2` is `registry.ollama.ai/library/llama3.2:latest`."""
    tagged = name if ":" in name else f"{name}:latest"
    return f"registry.ollama.ai/{tagged if '/' in tagged else 'library/' + tagged}"
