"""The outcomes of a batch's requests, as the lines of its output and error files. Pure but for the desk."""

import types
from collections.abc import Generator, Sequence
from hashlib import blake2b
from typing import Any, Final

import msgspec
import orjson

from simulator.providers.base import Desk, Problem, Refusal, Reply
from simulator.providers.openai.files.lines import Line

MOST_BYTES: Final = 64 * 1024 * 1024
"""Of all outcomes of a batch together."""
_EXPIRED: Final = {
    "code": "batch_expired",
    "message": "This request could not be executed before the completion window expired.",
}


class Tokens(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What requests are billed."""

    input: int = 0
    output: int = 0
    cached: int = 0
    reasoning: int = 0

    def shown(self) -> dict[str, Any]:
        """The usage object of a batch."""
        return {
            "input_tokens": self.input,
            "input_tokens_details": {"cached_tokens": self.cached},
            "output_tokens": self.output,
            "output_tokens_details": {"reasoning_tokens": self.reasoning},
            "total_tokens": self.input + self.output,
        }


class Outcome(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What came of one request: its line in a file, and whether that is the one of the output."""

    line: bytes
    fine: bool
    tokens: Tokens


@types.coroutine
def _breath() -> Generator[None, None, None]:
    """Let others that wait for this worker go first: what `asyncio.sleep(0)` does."""
    yield


async def outcomes(desk: Desk, endpoint: str, lines: Sequence[Line], seed: bytes) -> list[Outcome]:
    """Run all requests, each between others' turns. Raises `Refusal` where they come to more than `MOST_BYTES`."""
    made: list[Outcome] = []
    room = MOST_BYTES
    for index, line in enumerate(lines):
        outcome = _outcome(desk.run(endpoint, line.body, index), line.custom_id, _name(seed, index))
        room -= len(outcome.line)
        if room < 0:
            raise Refusal(Problem.TOO_LARGE, limit=MOST_BYTES)
        made.append(outcome)
        await _breath()
    return made


def expired(line: str, seed: bytes, index: int) -> bytes:
    """The error line of a request, called `line`, that there was no time for."""
    return orjson.dumps({"id": _name(seed, index), "custom_id": line, "response": None, "error": _EXPIRED}) + b"\n"


def model_of(made: Sequence[Outcome]) -> str | None:
    """The model that answered, by the name that its first answer shows."""
    answer = next((each.line for each in made if each.fine), None)
    model = None if answer is None else orjson.loads(answer)["response"]["body"].get("model")
    return model if isinstance(model, str) else None


def total(made: Sequence[Outcome]) -> Tokens:
    """What all of them are billed."""
    tokens = [each.tokens for each in made]
    return Tokens(
        sum([each.input for each in tokens]),
        sum([each.output for each in tokens]),
        sum([each.cached for each in tokens]),
        sum([each.reasoning for each in tokens]),
    )


def _name(seed: bytes, index: int) -> str:
    return "batch_req_" + blake2b(seed + index.to_bytes(4, "little"), digest_size=16).hexdigest()


def _outcome(reply: Reply, custom_id: str, name: str) -> Outcome:
    body = orjson.loads(reply.body)
    request = next((value.decode("latin-1") for header, value in reply.headers if header == b"x-request-id"), "")
    shown = {
        "id": name,
        "custom_id": custom_id,
        "response": {"status_code": reply.status, "request_id": request, "body": body},
        "error": None,
    }
    fine = reply.status < 400
    usage = body.get("usage") if isinstance(body, dict) and fine else None
    return Outcome(orjson.dumps(shown) + b"\n", fine, _tokens(usage) if isinstance(usage, dict) else Tokens())


def _tokens(usage: dict[str, Any]) -> Tokens:
    """By the names of either of the service's two ways to tell them."""
    asked = usage.get("prompt_tokens_details") or usage.get("input_tokens_details") or {}
    told = usage.get("completion_tokens_details") or usage.get("output_tokens_details") or {}
    return Tokens(
        usage.get("prompt_tokens", usage.get("input_tokens", 0)),
        usage.get("completion_tokens", usage.get("output_tokens", 0)),
        asked.get("cached_tokens", 0),
        told.get("reasoning_tokens", 0),
    )
