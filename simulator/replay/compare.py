"""What differs between a recorded answer and the one that came. Pure."""

from collections.abc import Sequence

import msgspec

from simulator.replay.log import Recorded
from simulator.replay.response import Got

EARLY = 0.005
"""Seconds that an answer may be early: half a tick of the wheel, and what two clocks differ by."""


class Difference(msgspec.Struct, frozen=True):
    """One thing that is another: what was recorded, and what came."""

    what: str
    recorded: str
    came: str


def differences(record: Recorded, got: Got, tolerance: float, *, fresh: bool) -> Sequence[Difference]:
    """Everything that differs. `tolerance` are the seconds that an answer may be late.

    `fresh`: it was asked as a new request. Its address is then another, and with it the id that errors name.
    """
    found: list[Difference] = []

    def compare(what: str, recorded: object, came: object) -> None:
        if recorded != came:
            found.append(Difference(what, _words(recorded), _words(came)))

    compare("status", record.status, got.status)
    seed = got.headers.get("x-llm-sim-seed")
    if got.status is not None and record.planned:
        compare("seed", str(record.seed), seed)
        compare("failures", ", ".join(record.struck), got.headers.get("x-llm-sim-fault", ""))
        compare("circumstances", record.circumstances, got.headers.get("x-llm-sim-circumstances", ""))
        if not fresh:
            told = f"{got.headers.get('x-llm-sim-shard')}/{got.headers.get('x-llm-sim-sequence')}"
            compare("address", record.address, told)
    answer = record.answer
    if answer is None or record.status != got.status:
        return found
    if answer.digest and not (fresh and answer.names_request):
        compare("body", f"{answer.size} bytes, {answer.digest}", f"{got.size} bytes, {got.digest}")
    else:
        compare("size", answer.size, got.size)
    if answer.ending in ("complete", "close", "reset"):
        compare("ending", answer.ending, got.ending)
    if record.planned:
        found += _late("first byte", answer.first if got.size else 0.0, got.first if got.size else 0.0, tolerance)
        found += _late("end", answer.last, got.last, tolerance)
    return found


def _late(what: str, planned: float, came: float, tolerance: float) -> list[Difference]:
    if planned - EARLY <= came <= planned + tolerance:
        return []
    return [Difference(what, f"{planned:.3f} s", f"{came:.3f} s")]


def _words(value: object) -> str:
    return "none" if value is None or value == "" else str(value)
