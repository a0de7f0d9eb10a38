"""What a model keeps a response from being asked for: the service's refusals. Pure."""

from simulator.providers.base import Refusal
from simulator.providers.decode import quote
from simulator.providers.openai.families import ANY, Family, family_of
from simulator.providers.openai.responses.schema import Reasoning, ResponseBody
from simulator.providers.openai.wording import invalid, listed


def check_abilities(body: ResponseBody) -> int | None:
    """Refuse what the model does not take; about how many tokens it shall think, None where it is not told."""
    reasoning = body.reasoning
    effort = None if reasoning is None else reasoning.effort
    if body.model is None:
        return None if effort is None else ANY.tokens(effort)
    family = family_of(body.model)
    if family is not ANY:
        if reasoning is not None:
            _check_reasoning(reasoning, body.model, family)
        if not family.thinks and "reasoning.encrypted_content" in (body.include or ()):
            raise invalid("Encrypted content is not supported with this model.", "include")
        if family.thinks and (family.active(effort) or not family.quiet):
            _check_sampling(body)
        verbosity = None if body.text is None else body.text.verbosity
        if verbosity is not None and verbosity != "medium" and not family.verbose:
            raise _value("text.verbosity", verbosity, body.model, ("medium",))
    return None if effort is None or not family.thinks else family.tokens(effort)


def effort_of(model: str, thought: int) -> str | None:
    """The effort that holds where a request names none; `thought` is how many tokens were thought."""
    family = family_of(model)
    if family is ANY:
        return "medium" if thought else None
    return family.default if family.thinks else None


def _check_reasoning(given: Reasoning, model: str, family: Family) -> None:
    if not family.thinks:
        for name in ("effort", "summary", "generate_summary"):
            if getattr(given, name) is not None:
                raise _parameter(f"reasoning.{name}")
        return
    if given.effort is not None and given.effort not in family.efforts:
        if not family.efforts:
            raise _parameter("reasoning.effort")
        raise _value("reasoning.effort", given.effort, model, family.efforts)


def _check_sampling(body: ResponseBody) -> None:
    """What steers sampling, which a model that reasons does by itself."""
    refused = {
        "temperature": body.temperature not in {None, 1},
        "top_p": body.top_p not in {None, 1},
        "top_logprobs": bool(body.top_logprobs),
    }
    for name, given in refused.items():
        if given:
            raise _parameter(name)


def _parameter(name: str) -> Refusal:
    return invalid(f"Unsupported parameter: '{name}' is not supported with this model.", name, "unsupported_parameter")


def _value(name: str, value: str, model: str, allowed: tuple[str, ...]) -> Refusal:
    return invalid(
        f"Unsupported value: '{value}' is not supported with the '{quote(model)}' model. Supported values are: "
        f"{listed(allowed)}.",
        name,
        "unsupported_value",
    )
