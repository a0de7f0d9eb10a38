"""Prompts and embedding inputs: one text, several, or token ids, in the one shape. Pure."""

from simulator.providers.openai.schema import MAX_INPUTS
from simulator.providers.openai.wording import invalid, too_long


def inputs_of(
    given: str | list[str | int | list[int]], param: str
) -> tuple[tuple[str, ...], tuple[tuple[int, ...], ...]]:
    """The texts, and where they were token ids also those: `Request.inputs` and `Request.token_inputs`.

    A list of whole numbers is one input. Raises `Refusal` for mixtures and for too many inputs.
    """
    if isinstance(given, str):
        return (given,), ()
    tokens = [item for item in given if isinstance(item, int)]
    if len(tokens) == len(given):
        return (_text(tokens),), (tuple(tokens),)
    if len(given) > MAX_INPUTS:
        raise too_long(param, MAX_INPUTS, len(given))
    texts = [item for item in given if isinstance(item, str)]
    if len(texts) == len(given):
        return tuple(texts), ()
    lists = [item for item in given if isinstance(item, list)]
    if len(lists) < len(given):
        raise invalid(
            f"Invalid type for '{param}': expected a string, an array of strings, an array of token ids or an array of "
            "arrays of token ids, but got an array of different types instead.",
            param,
            "invalid_type",
        )
    return tuple([_text(item) for item in lists]), tuple([tuple(item) for item in lists])


def _text(tokens: list[int]) -> str:
    """A stable text that stands for token ids."""
    return " ".join(map(str, tokens))


def refuse_empty(given: str | list[str | int | list[int]], param: str) -> None:
    """Refuse an input without any text or token, which an embedding cannot be made of."""
    if isinstance(given, str):
        if not given:
            raise invalid(f"Invalid '{param}': input cannot be an empty string.", param)
        return
    for index, item in enumerate(given):
        if item == "":
            raise invalid(f"Invalid '{param}[{index}]': input cannot be an empty string.", f"{param}[{index}]")
        if item == []:
            raise invalid(f"Invalid '{param}[{index}]': input cannot be an empty array.", f"{param}[{index}]")
