"""The failures of a configuration, ready to be asked for a request's. Pure."""

from collections.abc import Mapping
from hashlib import blake2b

from simulator.config.failures import Failure
from simulator.engine.faults.failure import ReadyFailure
from simulator.rules.matching import Facts, Matcher


class FailureBook:
    """All failures that are enabled, in the order in which they are tried."""

    def __init__(self, failures: Mapping[str, Failure]) -> None:
        """Raises LookupError or ValueError for a strategy that cannot be had."""
        enabled = [(name, settings) for name, settings in failures.items() if settings.enabled]
        enabled.sort(key=lambda one: (one[1].priority, one[0]))
        self.by_name = {name: ReadyFailure(name, settings) for name, settings in enabled}
        """Those that a request may ask for."""
        self._tried = [
            (self.by_name[name], Matcher(settings.when)) for name, settings in enabled if settings.probability
        ]
        self.active = bool(self._tried)
        """Whether any may strike by itself."""

    def applicable(self, facts: Facts) -> list[ReadyFailure]:
        """Those that are for a request."""
        return [failure for failure, matcher in self._tried if matcher.fits(facts)]


def counter_of(failure: ReadyFailure, since: float, facts: Facts) -> bytes:
    """The name under which the fleet counts a failure's requests; anew each time that it is switched on."""
    by = failure.settings.count_by
    whose = {
        "fleet": "",
        "key": facts.key,
        "model": facts.request.model,
        "session": facts.header("x-session-id") or "",
    }[by]
    text = f"{failure.name}\0{since:.3f}\0{by}\0{whose}".encode("utf-8", "surrogatepass")
    return b"fault:%b" % blake2b(text, digest_size=16).hexdigest().encode()
