"""The words that are printed once every worker answers. Pure."""

from collections.abc import Sequence

from simulator import __version__
from simulator.config.load import Loaded

FIRST_CHOICE = "gpt-4o-mini"
"""The model of the line to try, where it is served."""


def banner(*, urls: Sequence[str], local: str, workers: int, pod: int, providers: Sequence[str], loaded: Loaded) -> str:
    """Several lines: where it listens, what is served, and a command to try. `local` is reachable from this host."""
    config = loaded.config
    lines = [
        f"LLM-Simulator {__version__} is ready on {' and '.join(urls)}",
        f"  workers    {workers}",
        f"  seed       {config.simulation.seed}",
        f"  pod        {pod}",
        f"  providers  {', '.join(providers) or 'none'}",
        f"  try        {_curl(local, loaded)}",
    ]
    return "\n".join(lines)


def _curl(local: str, loaded: Loaded) -> str:
    cards = [card for card in loaded.catalogue.values() if card.kind == "chat" and card.provider == "openai"]
    names = [name for card in cards for name in (card.id, *card.aliases)]
    model = FIRST_CHOICE if FIRST_CHOICE in names or not names else names[0]
    body = f'{{"model": "{model}", "messages": [{{"role": "user", "content": "Hello"}}]}}'
    return (
        f"curl {local}/v1/chat/completions -H 'content-type: application/json' "
        f"-H 'authorization: Bearer sk-test' -d '{body}'"
    )
