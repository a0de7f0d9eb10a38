"""What a prompt cache changes in an answer: its usage, and what is left to prefill. Pure."""

import msgspec

from simulator.engine.plan import Answer


class Warm(msgspec.Struct, frozen=True, gc=False):
    """How much of a prompt was found in the cache, and how much of it is in there afterwards, as shares of 0 to 1.

    A part of the prompt with fewer than `least` tokens is not cached; what is read is counted in whole multiples of
    `unit` tokens. `writes` says whether the provider bills what is written.
    """

    read: float
    kept: float
    least: int
    unit: int = 1
    writes: bool = False


def warmed(answer: Answer, warm: Warm) -> Answer:
    """The answer with the tokens that were read from the cache and written to it in its usage."""
    usage = answer.usage
    asked = usage.input_tokens
    read = int(asked * warm.read)
    read = read - read % warm.unit if read >= warm.least else 0
    kept = int(asked * warm.kept)
    written = kept - read if warm.writes and kept >= warm.least and kept > read else 0
    if not (read or written):
        return answer
    usage = msgspec.structs.replace(usage, cached_tokens=read, written_tokens=written)
    return msgspec.structs.replace(answer, usage=usage)
