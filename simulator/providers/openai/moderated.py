"""The moderation of a chat request and its answer, as the answer tells it. Pure.

Both are judged as the moderation endpoint would judge them. A policy is taken and nothing is blocked by it: what the
service answers then is not known.
"""

from hashlib import blake2b
from typing import Final

import msgspec
import orjson

from simulator.engine.plan import Plan, Synthetic, Usage
from simulator.providers.openai.moderations import Moderations

_ENDPOINT: Final = Moderations()
_LONGEST: Final = 50_000
"""Characters that are judged of either side."""


def moderated(model: str, asked: str, said: str, plan: Plan) -> dict[str, object]:
    """The results for what was asked and for what was said."""
    return {"input": _results(model, asked, b"input", plan), "output": _results(model, said, b"output", plan)}


def _results(model: str, text: str, side: bytes, plan: Plan) -> dict[str, object]:
    bits = blake2b(plan.digest + side, digest_size=32).digest()
    call = _ENDPOINT.decode(orjson.dumps({"model": model, "input": text[:_LONGEST]}), {})
    outcome = Synthetic(bits, Usage(0, 0), 0)
    reply = _ENDPOINT.reply(call, msgspec.structs.replace(plan, model=model, outcome=outcome))
    results = orjson.loads(reply.body)["results"]
    told = [{"type": "moderation_result", "model": model, **result} for result in results]
    return {"type": "moderation_results", "model": model, "results": told}
