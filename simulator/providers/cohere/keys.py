"""`POST /v1/check-api-key`. Pure."""

from typing import Final

import orjson

from simulator.providers.base import Asked, Desk, Problem, Refusal, Reply
from simulator.providers.cohere.wire import json_headers, uuid
from simulator.providers.ids import fingerprint

_ORGANIZATION: Final = uuid(bytes.fromhex(fingerprint("organization", 32)))
_OWNER: Final = uuid(bytes.fromhex(fingerprint("owner", 32)))
_VALID: Final = orjson.dumps({"valid": True, "organization_id": _ORGANIZATION, "owner_id": _OWNER})


class CheckApiKey:
    """The action: every key that arrives here is valid. Whether a key is let in is not the dialect's to say."""

    method = "POST"
    path = "/v1/check-api-key"
    label = "check_api_key"

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`. Raises `Refusal` where there is no key at all."""
        scheme, _, key = asked.headers.get(b"authorization", b"").partition(b" ")
        if scheme.lower() != b"bearer" or not key.strip():
            raise Refusal(Problem.AUTHENTICATION, "no api key supplied")
        return Reply(200, json_headers(desk.request_bits), _VALID)
