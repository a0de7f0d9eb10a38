"""POST /v1/audio/transcriptions and /v1/audio/translations: what a recording says, in every format. Pure.

Nobody listens: the engine makes the text, no longer than the recording has time for.
"""

import math
import zlib
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final

import msgspec
import orjson

from simulator.engine.plan import Answer, Plan, Usage
from simulator.engine.request import Message, Operation, Request, Sampling
from simulator.engine.request import Part as Piece
from simulator.providers.base import NO_TARGET, Call, Problem, Refusal, Reply, Stream, Target
from simulator.providers.frames import ESCAPED
from simulator.providers.openai.answers import answer_of
from simulator.providers.openai.headers import plain_headers, stream_headers
from simulator.providers.openai.media import segments
from simulator.providers.openai.media.events import Steps, event
from simulator.providers.openai.media.forms import Form, only
from simulator.providers.openai.media.hearing import (
    LANGUAGES,
    Transcription,
    Translation,
    check_transcription,
    check_translation,
)
from simulator.providers.openai.media.recordings import MOST_BYTES, seconds_of
from simulator.providers.openai.wording import invalid

AUDIO_TOKENS_PER_SECOND: Final = 10
TEXT_TOKENS_PER_SECOND: Final = 3.5
"""What is said in a second of speech: about 150 words a minute."""
MOST_TOKENS: Final = 2_000
"""Of one transcript."""
_LONGEST: Final = 1_400
"""Seconds that the models which count tokens take at once."""
_DELTA = b'data: {"type":"transcript.text.delta","delta":'


class Heard(msgspec.Struct, frozen=True):
    """What a request wants of a recording, and what is known of it."""

    form: str
    seconds: float
    task: str
    language: str
    temperature: float
    counts_tokens: bool
    logprobs: bool = False
    granularities: tuple[str, ...] = ()
    speakers: tuple[str, ...] = ()
    diarizes: bool = False
    detected: tuple[str, ...] = ()


class Transcriptions:
    """What a recording says, an `Endpoint`; takes a form."""

    path = "/v1/audio/transcriptions"
    operation = Operation.TRANSCRIPTION
    label = "audio_transcriptions"
    form = Transcription
    files = ("file",)
    streamed = "text/event-stream"

    def __init__(self) -> None:
        self._form = Form(Transcription, ("file",))

    def decode(self, body: bytes, headers: Mapping[bytes, bytes], target: Target = NO_TARGET) -> Call:
        """See `Endpoint.decode`. `Call.echo` is the `Heard`. whisper-1 ignores `stream`, as the service does."""
        del target
        given, files = self._form.read(body, headers)
        check_transcription(given)
        part = only(files, "file")
        counts = given.model.startswith("gpt-")
        seconds = _checked(part.body, seconds_of(part), counts=counts)
        language = given.language.lower()
        heard = Heard(
            form=given.response_format,
            seconds=seconds,
            task="transcribe",
            language=LANGUAGES.get(language, language) or "english",
            temperature=given.temperature,
            counts_tokens=counts,
            logprobs=bool(given.include),
            granularities=tuple(given.timestamp_granularities),
            speakers=tuple(given.known_speaker_names),
            diarizes="diarize" in given.model,
            detected=(language or "en",) if given.model.startswith("gpt-transcribe") else (),
        )
        prompt = "\n".join([text for text in (given.prompt, *given.keywords) if text])
        extra = tuple([f"language={code}" for code in (given.language, *given.languages) if code])
        request = _request(given.model, part.body, seconds, prompt, given.temperature, extra)
        return Call(request, given.stream is True and counts, heard)

    def reply(self, call: Call, plan: Plan) -> Reply:
        """See `Endpoint.reply`."""
        return _whole(call.echo, plan)

    def stream(self, call: Call, plan: Plan) -> Stream:
        """See `Endpoint.stream`. With `diarize` the segments come whole, else a token at a time."""
        heard: Heard = call.echo
        answer = answer_of(plan)
        pieces = _pieces(answer)
        text = "".join(pieces)
        done: dict[str, object] = {"type": "transcript.text.done", "text": text}
        if heard.logprobs:
            done["logprobs"] = _logprobs(pieces)
        if heard.detected:
            done["languages"] = [{"code": code} for code in heard.detected]
        done["usage"] = _usage(heard, answer.usage)
        if heard.diarizes:
            steps = _spoken_steps(heard, pieces)
        elif heard.logprobs:
            steps = [
                event({"type": "transcript.text.delta", "delta": piece, "logprobs": [_logprob(piece)]})
                for piece in pieces
            ]
        else:
            steps = [b"%b%b}\n\n" % (_DELTA, ESCAPED[piece]) for piece in pieces]
        steps = steps or [b""]
        steps[-1] += event(done)
        return Steps(stream_headers(plan), steps)


class Translations:
    """What a recording says, in English, an `Endpoint`; takes a form."""

    path = "/v1/audio/translations"
    operation = Operation.TRANSCRIPTION
    label = "audio_translations"
    form = Translation
    files = ("file",)

    def __init__(self) -> None:
        self._form = Form(Translation, ("file",))

    def decode(self, body: bytes, headers: Mapping[bytes, bytes], target: Target = NO_TARGET) -> Call:
        """See `Endpoint.decode`. `Call.echo` is the `Heard`."""
        del target
        given, files = self._form.read(body, headers)
        check_translation(given)
        part = only(files, "file")
        seconds = _checked(part.body, seconds_of(part), counts=False)
        heard = Heard(given.response_format, seconds, "translate", "english", given.temperature, counts_tokens=False)
        request = _request(given.model, part.body, seconds, given.prompt, given.temperature, ("translate",))
        return Call(request, False, heard)

    def reply(self, call: Call, plan: Plan) -> Reply:
        """See `Endpoint.reply`."""
        return _whole(call.echo, plan)

    def stream(self, call: Call, plan: Plan) -> Stream:
        """Never called: `decode` gives no streamed call. Raises NotImplementedError."""
        raise NotImplementedError("translations are not streamed")


def _checked(body: bytes, seconds: float, *, counts: bool) -> float:
    if len(body) > MOST_BYTES:
        raise Refusal(Problem.TOO_LARGE, f"Maximum content size limit ({MOST_BYTES}) exceeded ({len(body)} bytes read)")
    if counts and seconds > _LONGEST:
        raise invalid(
            f"audio duration {seconds:g} seconds is longer than {_LONGEST} seconds which is the maximum for this model",
            "file",
            "invalid_value",
        )
    return round(seconds, 2)


def _request(
    model: str, body: bytes, seconds: float, prompt: str, temperature: float, extra: tuple[str, ...]
) -> Request:
    sound = Piece("audio", blake2b(body, digest_size=16).hexdigest(), math.ceil(seconds * AUDIO_TOKENS_PER_SECOND))
    return Request(
        operation=Operation.TRANSCRIPTION,
        provider="openai",
        model=model,
        messages=(Message("", prompt, parts=(sound,)),),
        max_tokens=min(MOST_TOKENS, max(1, math.ceil(seconds * TEXT_TOKENS_PER_SECOND))),
        sampling=Sampling(temperature=temperature or None),
        extra=extra,
    )


def _whole(heard: Heard, plan: Plan) -> Reply:
    answer = answer_of(plan)
    pieces = _pieces(answer)
    text = "".join(pieces)
    if heard.form in {"text", "srt", "vtt"}:
        parts = segments.segments(text, heard.seconds)
        body = {"text": text + "\n", "srt": segments.srt(parts), "vtt": segments.vtt(parts)}[heard.form]
        kind = (b"content-type", b"text/plain; charset=utf-8")
        headers = [kind, *[each for each in plain_headers(plan) if each[0] != b"content-type"]]
        return Reply(200, headers, body.encode())
    return Reply(200, plain_headers(plan), orjson.dumps(_told(heard, answer.usage, pieces)))


def _told(heard: Heard, billed: Usage, pieces: Sequence[str]) -> dict[str, Any]:
    text = "".join(pieces)
    usage = _usage(heard, billed)
    if heard.form == "verbose_json":
        parts = segments.segments(text, heard.seconds)
        told: dict[str, Any] = {"task": heard.task, "language": heard.language, "duration": heard.seconds, "text": text}
        if "word" in heard.granularities:
            spoken = segments.words(text, heard.seconds)
            told["words"] = [{"word": each.text, "start": each.start, "end": each.end} for each in spoken]
        if not heard.granularities or "segment" in heard.granularities:
            told["segments"] = segments.detailed(parts, heard.temperature)
        if heard.task == "transcribe":
            told["usage"] = usage
        return told
    if heard.form == "diarized_json":
        parts = segments.segments(text, heard.seconds)
        spoken_by = segments.spoken_by(parts, heard.speakers)
        return {"task": heard.task, "duration": heard.seconds, "text": text, "segments": spoken_by, "usage": usage}
    if heard.task == "translate":
        return {"text": text}
    told = {"text": text}
    if heard.logprobs:
        told["logprobs"] = _logprobs(pieces)
    if heard.detected:
        told["languages"] = [{"code": code} for code in heard.detected]
    return {**told, "usage": usage}


def _usage(heard: Heard, usage: Usage) -> dict[str, Any]:
    if not heard.counts_tokens:
        return {"type": "duration", "seconds": math.ceil(heard.seconds)}
    sound = min(usage.input_tokens, math.ceil(heard.seconds * AUDIO_TOKENS_PER_SECOND))
    return {
        "type": "tokens",
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "input_tokens": usage.input_tokens,
        "input_token_details": {"text_tokens": usage.input_tokens - sound, "audio_tokens": sound},
        "output_tokens": usage.output_tokens,
    }


def _pieces(answer: Answer) -> list[str]:
    """The tokens of what is heard: speech has no paragraphs."""
    return [piece.replace("\n\n", " ") for piece in answer.choices[0].pieces]


def _spoken_steps(heard: Heard, pieces: Sequence[str]) -> list[bytes]:
    """A step for each token: a segment comes with its last one."""
    steps = [b""] * max(1, len(pieces))
    parts = segments.spoken_by(segments.segments("".join(pieces), heard.seconds), heard.speakers)
    for index, part in enumerate(parts, 1):
        steps[math.ceil(index * len(steps) / len(parts)) - 1] += event(part)
    return steps


def _logprobs(pieces: Sequence[str]) -> list[dict[str, Any]]:
    return [_logprob(piece) for piece in pieces]


def _logprob(piece: str) -> dict[str, Any]:
    """A stable figure of a token's own: nothing was recognised."""
    raw = piece.encode("utf-8", "surrogatepass")
    return {"token": piece, "logprob": -(zlib.crc32(raw) % 10_000) / 100_000, "bytes": list(raw)}
