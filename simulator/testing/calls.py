"""The requests of a test, and what is asserted of them. Pure.

A condition is a keyword: `model="gpt-4o"`, `status=429`, `endpoint="chat_completions"`, `temperature=0.2`. Names that a
`SentRequest` does not have are fields of the body. A value that can be called judges: `max_tokens=lambda n: n < 100`;
None is a field that is missing or null.
`headers={...}` are some of the headers, and `contains="words"` is looked for in the body.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, overload

from simulator.testing.sent import MISSING, SentRequest

MOST_SHOWN = 20
RETRIES = "(retries)"


class Usage(NamedTuple):
    """What requests are billed with."""

    requests: int
    input_tokens: int
    output_tokens: int


class Calls(Sequence[SentRequest]):
    """Requests in the order of their arrival. `strays` is how many others the simulator got meanwhile."""

    def __init__(self, requests: Sequence[SentRequest], strays: int = 0, asked: str = "") -> None:
        self._requests = list(requests)
        self._strays = strays
        self._asked = asked

    @overload
    def __getitem__(self, place: int) -> SentRequest: ...
    @overload
    def __getitem__(self, place: slice) -> "Calls": ...
    def __getitem__(self, place: int | slice) -> "SentRequest | Calls":
        if isinstance(place, slice):
            return Calls(self._requests[place], self._strays, self._asked)
        return self._requests[place]

    def __len__(self) -> int:
        return len(self._requests)

    def __iter__(self) -> Iterator[SentRequest]:
        return iter(self._requests)

    def __repr__(self) -> str:
        return f"Calls({self._requests!r})"

    @property
    def first(self) -> SentRequest:
        """The first one. Raises AssertionError if there is none."""
        __tracebackhide__ = True
        return self._some()[0]

    @property
    def last(self) -> SentRequest:
        """The last one. Raises AssertionError if there is none."""
        __tracebackhide__ = True
        return self._some()[-1]

    @property
    def retries(self) -> "Calls":
        """Those that repeat another one."""
        return Calls([each for each in self if each.retry], self._strays, f"{self._asked} {RETRIES}".strip())

    @property
    def statuses(self) -> list[int | None]:
        """How they were answered; None for a connection that was closed."""
        return [each.status for each in self]

    @property
    def usage(self) -> Usage:
        """What all of them are billed with."""
        return Usage(len(self), sum(each.input_tokens for each in self), sum(each.output_tokens for each in self))

    def where(self, **conditions: Any) -> "Calls":
        """Those that meet every condition."""
        asked = " ".join(filter(None, (self._asked, worded(conditions))))
        return Calls([each for each in self if not list(differences(each, conditions))], self._strays, asked)

    def assert_called(self, times: int | None = None, **conditions: Any) -> "Calls":
        """That there are requests which meet the conditions: so many, or at least one. Returns them."""
        __tracebackhide__ = True
        found = self.where(**conditions)
        if (times is None and not found) or (times is not None and len(found) != times):
            wanted = "a request" if times is None else counted(times)
            raise AssertionError(self._explained(f"{wanted}{_with(conditions)}", found, conditions))
        return found

    def assert_called_once(self, **conditions: Any) -> SentRequest:
        """That there is just one. Returns it."""
        __tracebackhide__ = True
        return self.assert_called(1, **conditions)[0]

    def assert_not_called(self, **conditions: Any) -> None:
        """That there is none."""
        __tracebackhide__ = True
        self.assert_called(0, **conditions)

    def assert_last(self, **conditions: Any) -> SentRequest:
        """That the last request meets the conditions. Returns it."""
        __tracebackhide__ = True
        last = self.last
        wrong = list(differences(last, conditions))
        if wrong:
            lines = [f"expected the last request{_with(conditions)}, but {'; '.join(wrong)}", *self._listed(conditions)]
            raise AssertionError("\n".join(lines))
        return last

    def _some(self) -> list[SentRequest]:
        __tracebackhide__ = True
        if not self._requests:
            raise AssertionError(self._explained("a request", self, {}))
        return self._requests

    def _explained(self, wanted: str, found: "Calls", conditions: Mapping[str, Any]) -> str:
        of = f" among {_those(self._asked)}" if self._asked else ""
        return "\n".join([f"expected {wanted}{of}, found {len(found)}", *self._listed(conditions)])

    def _listed(self, conditions: Mapping[str, Any]) -> list[str]:
        """All requests, each with what it lacks."""
        lines = [f"{len(self)} {'request' if len(self) == 1 else 'requests'} came:"] if self else ["no request came"]
        for place, each in enumerate(self._requests[-MOST_SHOWN:], max(1, len(self) - MOST_SHOWN + 1)):
            wrong = "; ".join(differences(each, conditions))
            lines.append(f"  {place}. {each!r}" + (f": {wrong}" if wrong else ""))
        if self._strays:
            lines.append(f"{counted(self._strays)} of other tests came meanwhile: their key or their header says so")
        return lines


def differences(request: SentRequest, conditions: Mapping[str, Any]) -> Iterator[str]:
    """What of a request does not meet the conditions, in words."""
    for name, wanted in conditions.items():
        if name == "contains":
            if wanted not in request.text:
                yield f"its body does not contain {wanted!r}"
        elif name == "headers":
            for header, value in wanted.items():
                found = request.headers.get(header, MISSING)
                if not fits(found, value):
                    yield f"header {header} is {_shown(found)}"
        else:
            found = request.value(name)
            if not fits(found, wanted):
                yield f"{name} is {_shown(found)}"


def fits(found: Any, wanted: Any) -> bool:
    """Whether a value is what is wanted; what can be called judges. What is missing or null is only None."""
    if found is MISSING or found is None:
        return wanted is None
    if callable(wanted):
        judge: Callable[[Any], object] = wanted
        return bool(judge(found))
    return bool(found == wanted)


def worded(conditions: Mapping[str, Any]) -> str:
    """Conditions as they are written in a call."""
    return ", ".join(
        f"{name}={getattr(value, '__name__', repr(value)) if callable(value) else repr(value)}"
        for name, value in conditions.items()
    )


def counted(number: int) -> str:
    """So many requests, in words."""
    return "no request" if number == 0 else f"{number} request{'' if number == 1 else 's'}"


def _with(conditions: Mapping[str, Any]) -> str:
    return f" with {worded(conditions)}" if conditions else ""


def _those(asked: str) -> str:
    """The requests that are asked for, in words."""
    conditions, retries, _ = asked.rpartition(RETRIES)
    of = f"those with {conditions or asked}".rstrip()
    return of if not retries else (f"the retries of {of}" if conditions else "the retries")


def _shown(value: Any) -> str:
    return "missing" if value is MISSING else repr(value)
