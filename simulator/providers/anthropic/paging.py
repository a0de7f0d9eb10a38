"""How many entries a page of a listing has. Pure."""

from typing import Final

from simulator.providers.anthropic.wording import invalid

DEFAULT_LIMIT: Final = 20
MOST: Final = 1_000


def limit_of(given: str | None) -> int:
    """The parameter `limit`. Raises Refusal for a value that the API refuses."""
    if given is None:
        return DEFAULT_LIMIT
    # Ten digits are more than any limit, and keep Python's own bound on digits out of reach.
    if not given.isascii() or not given.isdigit() or len(given) > 10:
        raise invalid("limit", "Input should be a valid integer, unable to parse string as an integer")
    limit = int(given)
    if limit < 1:
        raise invalid("limit", "Input should be greater than or equal to 1")
    if limit > MOST:
        raise invalid("limit", f"Input should be less than or equal to {MOST}")
    return limit
