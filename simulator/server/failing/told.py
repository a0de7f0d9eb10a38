"""Circumstances as a header: `load=12, t.storm=3.250, n.storm=7`. Pure.

`x-llm-sim-circumstances` stands on every response whose plan depends on more than its request and its address. Sent
back with `x-llm-sim-replay` it makes the same plan again. `t.` is how long a failure has been switched on in seconds,
`n.` which of the requests it counts this was, `load` the requests in flight, `age` the seconds since the configuration
began to be served. `r.` is which of the requests that a rule counts this was, and `cached` how many of the beginnings
of the prompt the prompt cache knew.
"""

import math
from collections.abc import Mapping

from simulator.engine.circumstances import Circumstances
from simulator.providers.base import Problem, Refusal

HEADER = b"x-llm-sim-circumstances"
MOST = 16_384
"""Bytes of the header."""


def told(circumstances: Circumstances) -> bytes:
    """The value of the header; empty where a plan depends on nothing that it would tell."""
    parts = []
    if circumstances.load:
        parts.append(f"load={circumstances.load}")
    if circumstances.age:
        parts.append(f"age={circumstances.age:.3f}")
    for candidate in circumstances.candidates:
        name = candidate.failure.name
        if candidate.failure.timed:
            parts.append(f"t.{name}={candidate.elapsed:.3f}")
        if candidate.count:
            parts.append(f"n.{name}={candidate.count}")
    return ", ".join(parts).encode("ascii", "replace")


def before(headers: Mapping[bytes, bytes]) -> Mapping[str, float]:
    """What a request's headers tell of circumstances; nothing where it is no replay. Raises `Refusal`."""
    value = headers.get(HEADER)
    return {} if value is None else read(value)


def joined(lines: bytes, value: bytes) -> bytes:
    """Header lines with more circumstances among them: all stand on one line, and the last of a name counts."""
    begin = b"%b: " % HEADER
    head, found, rest = lines.partition(begin)
    if not found:
        return b"%b%b%b\r\n" % (lines, begin, value)
    line, end, behind = rest.partition(b"\r\n")
    return b"%b%b%b, %b%b%b" % (head, begin, line, value, end, behind)


def read(value: bytes) -> Mapping[str, float]:
    """What a header tells, by the words before its signs of equality. Raises `Refusal` for what cannot be read."""
    found: dict[str, float] = {}
    if len(value) > MOST:
        raise Refusal(Problem.INVALID, f"x-llm-sim-circumstances may have {MOST} bytes.")
    for part in value.decode("latin-1").split(","):
        key, _, number = part.strip().partition("=")
        try:
            found[key] = float(number)
        except ValueError:
            found[key] = math.nan
        if not 0 <= found[key] < 1e12:
            raise Refusal(
                Problem.INVALID, "x-llm-sim-circumstances must be sent back as it was received: name=number, …"
            )
    return found
