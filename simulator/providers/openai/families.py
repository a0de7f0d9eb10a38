"""What the service's models take in a chat, by the names they have there. Pure data and one look-up.

A name is read, not the catalogue: a dialect knows no cards. A name of another making (an alias of the configuration, a
model of one's own) has no family, and everything is taken from it. Which efforts there are is read from public tables
and reports of refusals (community.openai.com topic 1371738; issues of inspect_ai, litellm, opencode, 2025 and 2026).
How much is thought is an estimate: of the o-series and gpt-5.4 it follows from the published times to the first token
of the answer (`config/profiles/openai.yaml`), of others by class.
"""

from functools import lru_cache
from typing import Final, NamedTuple

_SHARES: Final = {"none": 0.0, "minimal": 0.0, "low": 0.25, "medium": 1.0, "high": 3.0, "xhigh": 6.0, "max": 10.0}
"""How much is thought by effort, in parts of the family's usual; an estimate. At minimal effort a short prompt brings
no thought."""


class Family(NamedTuple):
    """Models that take the same.

    `thinks` says whether they reason at all. `efforts` are the values of `reasoning_effort` there are, `default` the
    one that holds where none is given, and `usual` the tokens thought at medium effort. `quiet` tells of models whose
    sampling may be steered as long as they do not think, `tools` whether they may call functions while they do.
    """

    thinks: bool = False
    efforts: tuple[str, ...] = ()
    default: str = "none"
    usual: int = 0
    quiet: bool = False
    tools: bool = True
    stops: bool = False
    """Whether a model that thinks takes stop sequences."""
    verbose: bool = False
    """Whether `verbosity` may be other than medium."""
    audio: bool = False
    """Whether they hear and speak; then they do nothing else."""
    searches: bool = False
    """Whether they search the web."""
    phased: bool = False
    """Whether their messages say if they comment on the work or answer."""

    def tokens(self, effort: str) -> int:
        """About how many tokens are thought first. What is thought without any word of it, the model's card says."""
        return round(self.usual * _SHARES[effort])

    def active(self, effort: str | None) -> bool:
        """Whether a request with this effort makes them think."""
        return self.thinks and (effort or self.default) != "none"


ANY: Final = Family(thinks=True, efforts=tuple(_SHARES), usual=512, quiet=True, stops=True, verbose=True, searches=True)
"""Of names that are not the service's: nothing is refused."""

_O_SERIES: Final = ("low", "medium", "high")
_FIVE: Final = ("minimal", "low", "medium", "high")
_LATER: Final = ("none", "low", "medium", "high", "xhigh")
PLAIN: Final = Family()
"""Of models that neither think nor speak: most is taken."""
_LATEST: Final = Family(thinks=True, efforts=("medium",), default="medium", usual=64, verbose=True)
_FIVE_FOUR: Final = Family(thinks=True, efforts=_LATER, usual=512, quiet=True, tools=False, verbose=True, phased=True)
_FIVE_SIX: Final = Family(
    thinks=True,
    efforts=(*_LATER, "max"),
    default="medium",
    usual=256,
    quiet=True,
    tools=False,
    verbose=True,
    phased=True,
)

_FAMILIES: Final = {
    "gpt-3.5": PLAIN,
    "gpt-4": PLAIN,
    "gpt-4o": PLAIN,
    "chatgpt-4o": PLAIN,
    "gpt-4o-audio-preview": Family(audio=True),
    "gpt-4o-mini-audio-preview": Family(audio=True),
    "gpt-audio": Family(audio=True),
    "gpt-4o-search-preview": Family(searches=True),
    "gpt-4o-mini-search-preview": Family(searches=True),
    "o1": Family(thinks=True, efforts=_O_SERIES, default="medium", usual=86, stops=True),
    "o1-mini": Family(thinks=True, default="medium", usual=112, stops=True),
    "o1-preview": Family(thinks=True, default="medium", usual=86, stops=True),
    "o3": Family(thinks=True, efforts=_O_SERIES, default="medium", usual=86),
    "o3-mini": Family(thinks=True, efforts=_O_SERIES, default="medium", usual=1_024, stops=True),
    "o4-mini": Family(thinks=True, efforts=_O_SERIES, default="medium", usual=112),
    "codex-mini": Family(thinks=True, efforts=_O_SERIES, default="medium", usual=112),
    "gpt-5": Family(thinks=True, efforts=_FIVE, default="medium", usual=512, verbose=True),
    "gpt-5-chat": PLAIN,
    "gpt-5-search-api": Family(searches=True, verbose=True),
    "gpt-5.1": Family(thinks=True, efforts=("none", "low", "medium", "high"), usual=512, quiet=True, verbose=True),
    "gpt-5.1-chat": _LATEST,
    "gpt-5.1-codex": Family(thinks=True, efforts=_O_SERIES, default="medium", usual=512, verbose=True),
    "gpt-5.2": Family(thinks=True, efforts=_LATER, usual=512, quiet=True, verbose=True),
    "gpt-5.2-chat": _LATEST,
    "gpt-5.2-pro": Family(
        thinks=True, efforts=("medium", "high", "xhigh"), default="medium", usual=2_048, verbose=True
    ),
    "gpt-5.3-chat": _LATEST,
    "gpt-5.4": _FIVE_FOUR,
    "gpt-5.5": _FIVE_FOUR._replace(default="medium", usual=256),
    "gpt-5.6": _FIVE_SIX,
    "gpt-6": _FIVE_SIX,
    "gpt-6-astra": _FIVE_SIX._replace(efforts=("low", "medium", "high", "xhigh")),
}
_BY_LENGTH: Final = sorted(_FAMILIES, key=len, reverse=True)


@lru_cache(maxsize=1_024)
def family_of(model: str) -> Family:
    """The family of a model by its name, the longest beginning that is known; `ANY` for a name that has none.

    A fine-tuned model (`ft:gpt-4o:…`) is of its base model's.
    """
    name = model.removeprefix("ft:")
    for known in _BY_LENGTH:
        if name.startswith(known) and name[len(known) : len(known) + 1] in {"", "-", ".", ":"}:
            return _FAMILIES[known]
    return ANY
