"""POST /v1/fim/completions: code between a prompt and a suffix. Pure. Answers are those of a chat."""

from collections.abc import Mapping

import msgspec

from simulator.engine.request import Message, Operation, Request
from simulator.providers.base import NO_TARGET, Call, Target
from simulator.providers.decode import DEFAULT_DEPTH, decode
from simulator.providers.mistral.chat import Chat
from simulator.providers.mistral.families import lacks
from simulator.providers.mistral.options import sampling, stop_sequences
from simulator.providers.mistral.schema import FimBody
from simulator.providers.mistral.wording import arguments, flawed


class Fim(Chat):
    """The fill-in-the-middle endpoint, an `Endpoint`. `max_depth` bounds the nesting of a body."""

    path = "/v1/fim/completions"
    label = "fim_completions"
    body = FimBody

    def __init__(self, max_depth: int = DEFAULT_DEPTH) -> None:
        super().__init__(max_depth)
        self._fim = msgspec.json.Decoder(FimBody)

    def decode(self, body: bytes, headers: Mapping[bytes, bytes], target: Target = NO_TARGET) -> Call:
        """See `Endpoint.decode`."""
        del headers, target
        given = decode(body, self._fim, self._depth, flawed)
        if lacks(given.model, "completion_fim"):
            raise arguments("Fim is not enabled for this model", "model")
        messages = [Message("user", given.prompt)]
        if given.suffix:
            messages.append(Message("user", given.suffix, "suffix"))
        request = Request(
            operation=Operation.CHAT,
            provider="mistral",
            model=given.model,
            messages=tuple(messages),
            max_tokens=given.max_tokens or None,
            stop=stop_sequences(given.stop),
            sampling=sampling(given),
            extra=("fim",),
            reasoning=0,
        )
        return Call(request, given.stream is True, "")
