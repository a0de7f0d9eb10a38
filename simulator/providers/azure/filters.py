"""The content filter: what it finds in a prompt and in an answer, and how a client asks it to find something. Pure.

Nothing is judged: a text is safe unless it holds a mark, `AZURE_CONTENT_FILTER:prompt:violence` for example, so that no
innocent prompt is ever blocked. A mark names a side (`prompt`, `completion`), a category, and after `=` how bad it is:
`low`, `medium` or `high` for the four harms, of which the usual policy blocks the last two; `annotated` or `filtered`
for the others. Without `=` it is blocked.
"""

import re
from collections.abc import Mapping
from itertools import islice
from typing import Final

import msgspec

from simulator.providers.base import Problem, Refusal

MARK: Final = b"AZURE_CONTENT_FILTER:"
_ASKED: Final = re.compile(re.escape(MARK) + rb"(prompt|completion):([a-z_]{1,40})(?:=([a-z]{1,20}))?")
MOST_MARKS: Final = 64
HARMS: Final = ("hate", "self_harm", "sexual", "violence")
_SEVERITIES: Final = ("safe", "low", "medium", "high")
_BLOCKED: Final = frozenset({"medium", "high"})
_MATERIAL: Final = ("protected_material_code", "protected_material_text")
_SIDES: Final[Mapping[bytes, frozenset[str]]] = {
    b"prompt": frozenset({"jailbreak", "indirect_attack", "profanity"}),
    b"completion": frozenset({*_MATERIAL, "profanity"}),
}
"""What is detected or not, on either side, beside the harms."""

Results = Mapping[str, Mapping[str, object]]
"""By category: `{filtered, severity}` for a harm, `{filtered, detected}` for anything else."""

_SAFE: Final[Mapping[str, object]] = {"filtered": False, "severity": "safe"}
_ABSENT: Final[Mapping[str, object]] = {"filtered": False, "detected": False}
_PROMPT: Final[Results] = {**dict.fromkeys(HARMS, _SAFE), "jailbreak": _ABSENT}
_COMPLETION: Final[Results] = {**dict.fromkeys(HARMS, _SAFE), **dict.fromkeys(_MATERIAL, _ABSENT)}


class Verdict(msgspec.Struct, frozen=True):
    """What the filter found in a prompt, and what it finds in the answer. The results are in the order of their names.

    `cut` is what it found in an answer that it ended: the same as `completion` if that is filtered.
    """

    prompt: Results
    completion: Results
    cut: Results

    @property
    def blocks(self) -> bool:
        """Whether the prompt is not answered."""
        return filters(self.prompt)

    @property
    def cuts(self) -> bool:
        """Whether the answer is ended by the filter."""
        return self.cut is self.completion


class Filtered(Refusal):
    """A prompt that is blocked. `results` is what was found, `api` the endpoint's manner to tell it.

    `api` is `chat`, `responses` or `images`; `length` is the number of characters that were looked at.
    """

    def __init__(self, results: Results, api: str = "chat", length: int = 0) -> None:
        super().__init__(Problem.INVALID, param="prompt", code="content_filter")
        self.results = results
        self.api = api
        self.length = length


def filters(results: Results) -> bool:
    """Whether anything of these results is filtered."""
    return any(found["filtered"] for found in results.values())


def _sorted(results: Results) -> Results:
    return dict(sorted(results.items()))


CUT: Final = _sorted({**_COMPLETION, "violence": {"filtered": True, "severity": "medium"}})
"""What was found in an answer that ended because of its content, where nobody said what."""
SAFE: Final = Verdict(_sorted(_PROMPT), _sorted(_COMPLETION), CUT)
BLOCKED: Final = _sorted({**_PROMPT, "violence": {"filtered": True, "severity": "high"}})
"""What was found in a prompt that is blocked, where nobody said what."""


def verdict_of(body: bytes) -> Verdict:
    """What the filter finds by the marks in a request's body. Unknown categories and degrees are passed over."""
    if MARK not in body:
        return SAFE
    found: dict[bytes, dict[str, Mapping[str, object]]] = {b"prompt": {}, b"completion": {}}
    for match in islice(_ASKED.finditer(body), MOST_MARKS):
        side, category = match[1], match[2].decode()
        result = _result(category, side, (match[3] or b"").decode())
        if result is not None:
            found[side][category] = result
    prompt = _sorted({**_PROMPT, **found[b"prompt"]})
    completion = _sorted({**_COMPLETION, **found[b"completion"]})
    return Verdict(prompt, completion, completion if filters(completion) else CUT)


def _result(category: str, side: bytes, degree: str) -> Mapping[str, object] | None:
    if category in HARMS:
        severity = degree or "high"
        return {"filtered": severity in _BLOCKED, "severity": severity} if severity in _SEVERITIES else None
    if category not in _SIDES[side] or degree not in {"", "filtered", "annotated"}:
        return None
    return {"filtered": degree != "annotated", "detected": True}
