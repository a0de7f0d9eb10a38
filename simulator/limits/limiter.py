"""From a request to what it asks of the limits. Pure."""

from collections.abc import Mapping, Sequence

from simulator.config.limits import Limit, Limits
from simulator.config.tiers import Tier, load_tiers
from simulator.engine.plan import Usage
from simulator.limits.claim import Claim, claimed
from simulator.limits.identity import Identities, bearer_of, digest, key_of
from simulator.limits.patterns import Patterns, combine, says_anything
from simulator.limits.terms import Scope, Terms, whose

DEFAULT_TENANT = b"default"
"""The tenant of a request that names none."""
READY = 10_000
"""How many combinations of key, model and tenant are kept ready; clients choose them, so there may be any number."""
LONGEST = 512
"""Letters of key, model and tenant in a combination that is kept; longer ones must not fill the memory."""
NO_ALIASES: Mapping[str, str] = {}
_COUNT = b"count"


class Limiter:
    """The limits of one configuration.

    What holds for a combination of key, model and tenant is worked out once and kept; a request adds its size.
    """

    def __init__(self, limits: Limits, tiers: Mapping[str, Tier] | None = None) -> None:
        """`tiers` are the presets there are, those that ship if None. Raises ValueError for one that is not there."""
        self._tier = _preset(limits, tiers)
        self._base = limits
        self._models = Patterns(limits.models)
        self._keys = Patterns(limits.keys)
        self._tenants = Patterns(limits.tenants)
        self._tier_models = Patterns(self._tier.models if self._tier is not None else {})
        self.tenant_header = limits.tenant_header.lower().encode("latin-1", "replace")
        self._fixed = limits.algorithm == "fixed_window"
        self._identities = Identities()
        self._ready: dict[tuple[bytes, str, str, bytes, bool], Terms] = {}
        self.seen: dict[tuple[bytes, bytes, str, str, bool], Terms] = {}
        """Terms by `authorization`, tenant, model, provider and whether it counts: what `terms` has found of late."""
        given = [limits, *limits.models.values(), *limits.keys.values(), *limits.tenants.values()]
        if self._tier is not None:
            given += [self._tier.default, *self._tier.models.values()]
        self.active = limits.enabled and any(map(says_anything, given))
        """Whether any limit is configured."""

    def terms(
        self,
        headers: Mapping[bytes, bytes],
        model: str,
        provider: str = "",
        aliases: Mapping[str, str] = NO_ALIASES,
        counting: bool = False,
    ) -> Terms:
        """What holds for a request; empty if no limit applies to it.

        `model` is the model by any of its names; `aliases` lead from every other name of a model to its id. `counting`
        is a request that only counts tokens: it is limited apart from the others, and only as a request.
        """
        bearer = headers.get(b"authorization", b"")
        tenant = headers.get(self.tenant_header, DEFAULT_TENANT)
        asker = (bearer, tenant, model, provider, counting)
        terms = self.seen.get(asker)
        if terms is None:
            terms = self._found(headers, tenant, aliases.get(model, model), provider, aliases, counting=counting)
            # Where a bearer token is, no other header decides whose request it is.
            if len(bearer) + len(tenant) + len(model) <= LONGEST and bearer_of(bearer):
                if len(self.seen) >= READY:
                    self.seen.clear()
                self.seen[asker] = terms
        return terms

    def claim(
        self,
        headers: Mapping[bytes, bytes],
        model: str,
        asked: tuple[int, int],
        allowed: int | None,
        *,
        provider: str = "",
        aliases: Mapping[str, str] = NO_ALIASES,
        counting: bool = False,
    ) -> Claim | None:
        """What a request asks for; None if no limit applies to it. See `terms`.

        `asked` are the tokens of the prompt and of the answer as planned, `allowed` the most that the client lets
        the answer be.
        """
        terms = self.terms(headers, model, provider, aliases, counting)
        return None if terms.empty else claimed(terms, Usage(*asked), allowed)

    def _found(
        self,
        headers: Mapping[bytes, bytes],
        tenant: bytes,
        model: str,
        provider: str,
        aliases: Mapping[str, str],
        *,
        counting: bool,
    ) -> Terms:
        who = self._identities.digest(headers)
        asker = (who, model, provider, tenant, counting)
        terms = self._ready.get(asker)
        if terms is None:
            names = [model, *(alias for alias, target in aliases.items() if target == model)]
            terms = self._terms(key_of(headers), names, provider, tenant, counting=counting)
            if len(tenant) + len(model) <= LONGEST:
                if len(self._ready) >= READY:
                    self._ready.clear()
                self._ready[asker] = terms
        return terms

    def _terms(self, key: bytes, names: Sequence[str], provider: str, tenant: bytes, *, counting: bool) -> Terms:
        who = digest(key)
        kind = (_COUNT,) if counting else ()
        scopes = [
            Scope("model", whose(who, names[0].encode("utf-8", "replace"), *kind), self._of_model(names, provider)),
            Scope("key", whose(who, *kind), combine(self._keys.matching([key.decode("latin-1")]))),
            Scope("tenant", whose(tenant, *kind), combine(self._tenants.matching([tenant.decode("latin-1")]))),
        ]
        return Terms(scopes, fixed=self._fixed, sized=not counting)

    def _of_model(self, names: Sequence[str], provider: str) -> dict[str, int]:
        chain: list[Limit] = [*self._models.matching(names), self._base]
        tier = self._tier
        if tier is not None and tier.provider == provider:
            # A row of the provider's table is whole: what it leaves out is not limited.
            chain.append(next(self._tier_models.matching(names), tier.default))
        return combine(chain)


def _preset(limits: Limits, tiers: Mapping[str, Tier] | None) -> Tier | None:
    if limits.tier is None:
        return None
    known = load_tiers() if tiers is None else tiers
    if limits.tier not in known:
        raise ValueError(f'limits.tier: there is no preset "{limits.tier}"; there are {", ".join(known)}')
    return known[limits.tier]
