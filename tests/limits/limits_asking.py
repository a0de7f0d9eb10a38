"""What the tests of limits share: requests as the limiter sees them."""

from simulator.config.limits import Limits
from simulator.limits.limiter import Limiter
from simulator.state.store import Standing, Verdict

KEY = b"sk-house-1"


def headers(key=KEY, **others):
    """The headers of a request, as bytes; `others` by their names with `_` for `-`."""
    given = {} if key is None else {b"authorization": b"Bearer " + key}
    return given | {name.replace("_", "-").encode(): value for name, value in others.items()}


def claim(limits, sent=None, model="gpt-4o", asked=(10, 20), allowed=None, **more):
    """One request's claim on limits, which may be a limiter or a mapping of its configuration."""
    limiter = limits if isinstance(limits, Limiter) else limiter_of(**limits)
    return limiter.claim(headers() if sent is None else sent, model, asked, allowed, **more)


def limiter_of(tiers=None, **given):
    """A limiter of a configuration in keywords; its sections are mappings of names to `Limit`s."""
    return Limiter(Limits(**given), tiers)


def capacities(found):
    """What a claim asks of which limit: the name's scope and code with the capacity; in the order of the demands."""
    return {b":".join(each.name.split(b":")[::2]).decode(): each.capacity for each in found.demands}


def amounts(found):
    """The amounts that a claim asks for, by the code of the limit."""
    return {each.name.split(b":")[2].decode(): each.amount for each in found.demands}


def verdict(found, *waits, admitted=True):
    """A verdict on a claim, its standings with these waits; the capacities are told as the limits."""
    limits = [each.capacity for each in found.demands] + [each.limit for each in found.leases]
    standings = [
        Standing(limit, place, 1_000_000 * place, wait)
        for place, (limit, wait) in enumerate(zip(limits, waits, strict=True))
    ]
    return Verdict(admitted, tuple(standings))
