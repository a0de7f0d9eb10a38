"""POST /v1/audio/speech: a sound as long as its text takes to say, whole or as events. Pure."""

import base64
from collections.abc import Mapping
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from simulator.engine.plan import Plan, Synthetic
from simulator.engine.request import Operation, Request
from simulator.providers.base import NO_TARGET, Call, Reply, Stream, Target
from simulator.providers.decode import DEFAULT_DEPTH, decode
from simulator.providers.openai.headers import plain_headers, stream_headers
from simulator.providers.openai.media.events import Steps, event
from simulator.providers.openai.media.sounds import FORMATS, RATE, spoken
from simulator.providers.openai.schema import Body
from simulator.providers.openai.wording import NO_MODEL, flawed, invalid, listed

VOICES: Final = (
    "alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx", "sage", "shimmer", "verse",
)  # fmt: skip
_OLD: Final = ("tts-1", "tts-1-hd")
_TOKENS_PER_SECOND: Final = 1_250 / 60
"""Of sound: what OpenAI's price of a minute comes to in tokens at its price of a token."""
_CHUNK: Final = 24_576
"""Bytes of sound in one event."""


class VoiceId(Body):
    """A voice of one's own."""

    id: Annotated[str, Meta(min_length=1, max_length=256)]


class SpeechBody(Body):
    """The request."""

    model: str
    input: Annotated[str, Meta(min_length=1, max_length=4096)]
    voice: str | VoiceId
    instructions: Annotated[str, Meta(max_length=4096)] | None = None
    response_format: Literal["mp3", "opus", "aac", "flac", "wav", "pcm"] | None = None
    speed: Annotated[float, Meta(ge=0.25, le=4)] | None = None
    stream_format: Literal["sse", "audio"] | None = None


class Said(msgspec.Struct, frozen=True):
    """What is to be heard: so many samples in a format."""

    samples: int
    format: str


class Speech:
    """The speech endpoint, an `Endpoint`. `max_depth` bounds the nesting of a body."""

    path = "/v1/audio/speech"
    operation = Operation.SPEECH
    label = "audio_speech"
    body = SpeechBody
    answers = "audio/*"
    streamed = "text/event-stream"

    def __init__(self, max_depth: int = DEFAULT_DEPTH) -> None:
        self._depth = max_depth
        self._decoder = msgspec.json.Decoder(SpeechBody)

    def decode(self, body: bytes, headers: Mapping[bytes, bytes], target: Target = NO_TARGET) -> Call:
        """See `Endpoint.decode`. `Call.echo` is the `Said`."""
        del headers, target
        given = decode(body, self._decoder, self._depth, flawed)
        if not given.model:
            raise invalid(NO_MODEL)
        old = given.model.startswith(_OLD)
        if old and given.stream_format == "sse":
            raise invalid("'sse' is not supported for this model.", "stream_format", "unsupported_value")
        if old and given.instructions is not None:
            raise invalid("'instructions' is not supported for this model.", "instructions", "unsupported_value")
        if isinstance(given.voice, str) and given.voice not in VOICES:
            raise invalid(
                f"Invalid value: '{given.voice[:80]}'. Supported values are: {listed(VOICES)}.",
                "voice",
                "invalid_value",
            )
        voice = given.voice if isinstance(given.voice, str) else given.voice.id
        speed = given.speed or 1.0
        request = Request(
            operation=Operation.SPEECH,
            provider="openai",
            model=given.model,
            inputs=(given.input, given.instructions) if given.instructions else (given.input,),
            extra=(f"voice={voice}", f"speed={speed}"),
        )
        said = Said(spoken(given.input, speed), given.response_format or "mp3")
        return Call(request, given.stream_format == "sse", said)

    def reply(self, call: Call, plan: Plan) -> Reply:
        """See `Endpoint.reply`. The body is the sound itself."""
        kind, sound = _sound(call.echo, plan)
        headers = [(b"content-type", kind), *[each for each in plain_headers(plan) if each[0] != b"content-type"]]
        return Reply(200, headers, sound)

    def stream(self, call: Call, plan: Plan) -> Stream:
        """See `Endpoint.stream`. The whole sound is due at once."""
        _, sound = _sound(call.echo, plan)
        events = [
            event({"type": "speech.audio.delta", "audio": base64.b64encode(sound[at : at + _CHUNK]).decode("ascii")})
            for at in range(0, len(sound), _CHUNK)
        ]
        asked = plan.outcome.usage.input_tokens if isinstance(plan.outcome, Synthetic) else 0
        heard = max(1, round(call.echo.samples / RATE * _TOKENS_PER_SECOND))
        usage = {"input_tokens": asked, "output_tokens": heard, "total_tokens": asked + heard}
        events.append(event({"type": "speech.audio.done", "usage": usage}))
        return Steps(stream_headers(plan), [b"".join(events)])


def _sound(said: Said, plan: Plan) -> tuple[bytes, bytes]:
    if not isinstance(plan.outcome, Synthetic):
        raise TypeError(f"speech is made of a Synthetic, not {type(plan.outcome).__name__}")
    kind, make = FORMATS[said.format]
    return kind, make(said.samples, plan.outcome.bits)
