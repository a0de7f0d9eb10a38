"""The response headers that Azure's gateway adds, in place of OpenAI's own. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from simulator.providers.base import Header

REGION: Final = "East US"
_OPENAI: Final = frozenset({b"openai-organization", b"openai-version", b"x-request-id"})
_ALWAYS: Final = (
    (b"strict-transport-security", b"max-age=31536000; includeSubDomains; preload"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-ms-region", REGION.encode()),
)
_JSON: Final = (b"content-type", b"application/json")
_INVOKED: Final = (b"x-ms-rai-invoked", b"true")
_TOLD: Final = re.compile(rb"[\x21-\x7e]{1,256}")
_UNSET: Final = b"Not-Set"


class Caller(msgspec.Struct, frozen=True, gc=False):
    """What a response's headers tell of its request: the client's own id for it, and the deployment."""

    client: bytes = _UNSET
    deployment: bytes = b""


NOBODY: Final = Caller()


def caller_of(headers: Mapping[bytes, bytes], deployment: str = "") -> Caller:
    """The caller of a request. What would not do as a header's value is left out."""
    client = headers.get(b"x-ms-client-request-id", b"")
    name = deployment.encode("ascii", "replace")
    return Caller(
        client if _TOLD.fullmatch(client) else _UNSET,
        name if _TOLD.fullmatch(name) else b"",
    )


def gateway_id(request_bits: bytes) -> bytes:
    """The gateway's id of a request, a UUID of 16 bytes."""
    told = request_bits.hex()
    return f"{told[:8]}-{told[8:12]}-{told[12:16]}-{told[16:20]}-{told[20:32]}".encode()


def dressed(headers: Sequence[Header], request_bits: bytes, caller: Caller = NOBODY) -> Sequence[Header]:
    """OpenAI's headers as Azure sends them."""
    own = [header for header in headers if header[0] not in _OPENAI]
    own += _ALWAYS
    own.append((b"apim-request-id", gateway_id(request_bits)))
    # The service behind the gateway has an id of its own for the same request.
    own.append((b"x-request-id", gateway_id(request_bits[::-1])))
    own.append((b"x-ms-client-request-id", caller.client))
    if caller.deployment:
        own.append((b"x-ms-deployment-name", caller.deployment))
        own.append(_INVOKED)
    return own


def bare(request_bits: bytes) -> Sequence[Header]:
    """For a refusal or a listing."""
    return dressed((_JSON,), request_bits)
