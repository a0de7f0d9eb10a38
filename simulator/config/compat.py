"""How strict the simulator is about what it is asked. Pure data; `simulator.contract` and its edge act."""

from simulator.config.section import Section


class Compat(Section, frozen=True):
    """For clients that would rather have some answer than the real service's refusal."""

    contract: bool = False
    """True answers what the real service would refuse for its content, and every documented endpoint of OpenAI and
    Anthropic, with an object of the documented shape."""
