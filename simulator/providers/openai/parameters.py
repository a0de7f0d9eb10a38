"""What chat and text completions share in a request. Pure."""

from simulator.engine.request import NO_SAMPLING, Sampling
from simulator.providers.openai.chat_schema import ChatBody
from simulator.providers.openai.schema import CompletionBody
from simulator.providers.openai.wording import NO_MODEL, invalid


def check_shared(given: ChatBody | CompletionBody) -> None:
    """Refuse an empty model name, and stream options where nothing is streamed."""
    if not given.model:
        raise invalid(NO_MODEL)
    if given.stream_options is not None and given.stream is not True:
        raise invalid("The 'stream_options' parameter is only allowed when 'stream' is enabled.", "stream_options")


def wants_usage(given: ChatBody | CompletionBody) -> bool:
    """Whether the stream shall tell its usage."""
    return given.stream_options is not None and given.stream_options.include_usage is True


def stop_sequences(stop: str | list[str] | None) -> tuple[str, ...]:
    """The stop sequences as the engine takes them; an empty one stops nothing."""
    if stop is None:
        return ()
    given = (stop,) if isinstance(stop, str) else stop
    return tuple([text for text in given if text])


def sampling(given: ChatBody | CompletionBody) -> Sampling:
    """The parameters that steer sampling; the shared empty value when none is given."""
    if (
        given.temperature is None
        and given.top_p is None
        and given.seed is None
        and given.frequency_penalty is None
        and given.presence_penalty is None
        and given.logit_bias is None
    ):
        return NO_SAMPLING
    return Sampling(
        temperature=given.temperature,
        top_p=given.top_p,
        frequency_penalty=given.frequency_penalty,
        presence_penalty=given.presence_penalty,
        seed=given.seed,
        logit_bias=given.logit_bias,
    )
