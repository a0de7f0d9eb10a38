"""The `usage` of a message. Pure.

Tokens read from the prompt cache and written to it are not among `input_tokens`.
"""

from typing import Final

from simulator.engine.plan import Usage
from simulator.providers.anthropic import schema
from simulator.providers.anthropic.caching import SECONDS, breakpoints

_INPUT: Final = (
    b'"input_tokens":%d,"cache_creation_input_tokens":%d,"cache_read_input_tokens":%d,'
    b'"cache_creation":{"ephemeral_5m_input_tokens":%d,"ephemeral_1h_input_tokens":%d}'
)
UNCACHED_INPUT: Final = b'"input_tokens":%d,"cache_creation_input_tokens":0,"cache_read_input_tokens":0'
UNCACHED: Final = UNCACHED_INPUT + b',"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0}'
SERVED: Final = b'"service_tier":"standard","inference_geo":"global"'


def usage_of(usage: Usage, body: schema.MessagesBody) -> tuple[bytes, bytes]:
    """The members of `usage` before the output's and after them."""
    written, read = usage.written_tokens, usage.cached_tokens
    if written or read:
        long = _long_lived(body, written)
        before = _INPUT % (usage.input_tokens - read - written, written, read, written - long, long)
    else:
        before = UNCACHED % usage.input_tokens
    after = SERVED if body.speed is None else b'%b,"speed":"%b"' % (SERVED, body.speed.encode())
    return before, after


def _long_lived(body: schema.MessagesBody, written: int) -> int:
    """How many of the tokens written are kept for an hour: what stands before the last breakpoint of that kind."""
    marked = breakpoints(body) if written else ()
    lasting = [point.share for point in marked if point.ttl_secs == SECONDS["1h"]]
    if not lasting:
        return 0
    return written if lasting[-1] >= marked[-1].share else round(written * lasting[-1] / marked[-1].share)
