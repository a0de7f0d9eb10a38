"""Chat answers that have more than text and calls in them, whole and streamed. Pure.

Log-probabilities, refusals, sound, moderation, predictions, other service tiers, stored completions: whatever `chat`
has no bytes prepared for. A stream and the whole answer are made of the same parts.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Final, NamedTuple

import orjson

from simulator.engine.plan import Answer, Choice, Finish, Plan
from simulator.engine.request import Request
from simulator.providers.base import Call, Stream
from simulator.providers.frames import ESCAPED
from simulator.providers.openai import layout, usage
from simulator.providers.openai.answers import ID_LENGTH, answer_id, answer_of, face
from simulator.providers.openai.calls import Manner, finish_of, manner_of, message_of, steps_of
from simulator.providers.openai.chat_schema import AudioOutput, ChatBody
from simulator.providers.openai.chunks import DONE, PaddedStream, StepStream, Track
from simulator.providers.openai.headers import stream_headers
from simulator.providers.openai.logprobs import entries, entry
from simulator.providers.openai.moderated import moderated
from simulator.providers.openai.predictions import matched, predicted
from simulator.providers.openai.sound import BYTES, KEPT_SECS, in_text, sound, sound_id, spoken_tokens

_LOGPROBS: Final = b'{"content":%b,"refusal":%b}'


class Parts(NamedTuple):
    """What the parts of an answer are made of."""

    body: ChatBody
    request: Request
    plan: Plan
    answer: Answer
    manner: Manner

    @property
    def bits(self) -> bytes:
        """What the answer's id is made of: a stored one is an object of its own, however often it is asked for."""
        if not self.body.store:
            return self.answer.id_bits
        return blake2b(self.plan.request_bits, digest_size=ID_LENGTH).digest()

    @property
    def sounding(self) -> AudioOutput | None:
        """How the answer sounds, if it does."""
        return self.body.audio if "audio" in (self.body.modalities or ()) else None

    @property
    def most(self) -> int | None:
        """How many likely tokens are told for each token; None where no log-probabilities are."""
        return (self.body.top_logprobs or 0) if self.body.logprobs else None


def parts_of(body: ChatBody, call: Call, plan: Plan) -> Parts:
    """The parts of the answer to a call."""
    return Parts(body, call.request, plan, answer_of(plan), manner_of(body, call.request))


def whole(parts: Parts) -> bytes:
    """The body of the whole answer."""
    plan, answer = parts.plan, parts.answer
    shown = face(plan.model)
    beyond = b""
    if parts.body.moderation is not None:
        beyond = b',\n  "moderation": ' + layout.laid_out(_moderation(parts), 1)
    return layout.REPLY % (
        answer_id(plan, parts.bits, layout.PREFIX),
        answer.created,
        shown.model,
        b",\n".join([_choice(parts, index, choice) for index, choice in enumerate(answer.choices)]),
        usage.whole(answer.usage, _beside(parts)),
        layout.tier_of(parts.body.service_tier),
        shown.fingerprint,
        beyond,
    )


def streamed(parts: Parts) -> Stream:
    """The stream of the same answer."""
    plan, answer, body = parts.plan, parts.answer, parts.body
    options = body.stream_options
    chunk = layout.chunk_of(plan, answer, layout.tier_of(body.service_tier), parts.bits)
    with_usage = options is not None and options.include_usage is True
    end = b'],"usage":null}\n\n' if with_usage else b"]}\n\n"
    tracks = [_track(parts, index, choice, chunk, end) for index, choice in enumerate(answer.choices)]
    closing = DONE
    if with_usage:
        closing = b'%b],"usage":%b}\n\n%b' % (chunk, usage.in_chunk(answer.usage, _beside(parts)), DONE)
    if body.moderation is not None:
        closing = b'%b],"moderation":%b%b%b' % (chunk, orjson.dumps(_moderation(parts)), end[1:], closing)
    headers = stream_headers(plan, min([track.lead for track in tracks]))
    stream = StepStream(headers, tracks, closing)
    if options is not None and options.include_obfuscation is True:
        return PaddedStream(stream)
    return stream


def _choice(parts: Parts, index: int, choice: Choice) -> bytes:
    content, refusal, beyond, logprobs = b"null", b"null", b"", b"null"
    finish = finish_of(choice, parts.manner)
    if choice.calls:
        content = message_of(choice, parts.manner)
    elif choice.finish is Finish.REFUSAL:
        refusal = orjson.dumps(choice.text)
    elif parts.sounding is None:
        content = orjson.dumps(choice.text)
    else:
        beyond = b',\n        "audio": ' + layout.laid_out(_sound(parts, parts.sounding, index, choice), 4)
    if parts.most is not None and (choice.pieces or not choice.calls):
        told = b"[%b]" % b",".join(entries(parts.answer.id_bits, index, choice.pieces, parts.most))
        refusing = choice.finish is Finish.REFUSAL
        logprobs = _LOGPROBS % ((b"null", told) if refusing else (told, b"null"))
    return layout.FULL_CHOICE % (index, content, refusal, beyond, logprobs, finish)


def _sound(parts: Parts, form: AudioOutput, index: int, choice: Choice) -> dict[str, object]:
    bits = parts.answer.id_bits
    return {
        "id": sound_id(bits, index),
        "data": in_text(sound(len(choice.pieces), form.format, bits[index % len(bits) :])),
        "expires_at": _expiry(parts),
        "transcript": choice.text,
    }


def _expiry(parts: Parts) -> int:
    return parts.answer.created + KEPT_SECS


def _track(parts: Parts, index: int, choice: Choice, chunk: bytes, end: bytes) -> Track:
    """A choice's stream; `chunk` and `end` are what stands around its choices."""
    head = b'%b{"index":%d,"delta":' % (chunk, index)
    tail = layout.UNFINISHED + end
    final = b'%b{},"logprobs":null,"finish_reason":"%b"}%b' % (head, finish_of(choice, parts.manner), end)
    thought = len(choice.reasoning)
    if parts.sounding is not None and not choice.calls and choice.finish is not Finish.REFUSAL:
        opening, steps = _spoken(parts, parts.sounding, index, choice, (head, end))
        steps[-1] += final
        return Track(opening, thought if choice.pieces else max(thought - 1, 0), steps)
    refusing = choice.finish is Finish.REFUSAL
    role = layout.REFUSING_ROLE if refusing else layout.ROLE
    texts: Sequence[bytes] = _Texts(parts, index, choice.pieces, (head, tail, end), refusing=refusing)
    if choice.calls:
        opening, steps = steps_of(choice, parts.manner, texts, head, tail, final)
        return Track(opening, thought, steps)
    opened = tail
    if parts.most is not None:
        opened = b',"logprobs":%b,"finish_reason":null}%b' % (
            _LOGPROBS % ((b"null", b"[]") if refusing else (b"[]", b"null")),
            end,
        )
    lead = thought if choice.pieces else max(thought - 1, 0)
    return Track(head + role + opened, lead, _Ended(texts, final))


class _Texts(Sequence[bytes]):
    """The frame of each token of a choice's text, made when it is asked for."""

    __slots__ = ("_end", "_head", "_index", "_parts", "_pieces", "_refusing", "_tail")

    def __init__(
        self, parts: Parts, index: int, pieces: Sequence[str], around: tuple[bytes, bytes, bytes], *, refusing: bool
    ) -> None:
        head, self._tail, self._end = around
        self._head = head + (b'{"refusal":' if refusing else b'{"content":')
        self._parts = parts
        self._index = index
        self._pieces = list(pieces)
        self._refusing = refusing

    def __len__(self) -> int:
        return len(self._pieces)

    def __getitem__(self, step: int) -> bytes:  # type: ignore[override]  # a stream asks for one at a time
        token = self._pieces[step]
        parts = self._parts
        if parts.most is None:
            return b"%b%b}%b" % (self._head, ESCAPED[token], self._tail)
        told = b"[%b]" % entry(parts.answer.id_bits, self._index, step, token, parts.most)
        logprobs = _LOGPROBS % ((b"null", told) if self._refusing else (told, b"null"))
        return b'%b%b},"logprobs":%b,"finish_reason":null}%b' % (self._head, ESCAPED[token], logprobs, self._end)


class _Ended(Sequence[bytes]):
    """Steps with what ends a choice behind the last of them; one step where there are none."""

    __slots__ = ("_final", "_last", "_steps")

    def __init__(self, steps: Sequence[bytes], final: bytes) -> None:
        self._steps = steps
        self._final = final
        self._last = len(steps) - 1

    def __len__(self) -> int:
        return max(1, self._last + 1)

    def __getitem__(self, step: int) -> bytes:  # type: ignore[override]  # as above
        if self._last < 0:
            return self._final
        return self._steps[step] + self._final if step == self._last else self._steps[step]


def _spoken(
    parts: Parts, form: AudioOutput, index: int, choice: Choice, around: tuple[bytes, bytes]
) -> tuple[bytes, list[bytes]]:
    """The opening and the steps of a choice that sounds: for each token its transcript, and then its sound.

    The id comes once, when it opens, and the last update has nothing but the time until which it may be referred to.
    """
    head, end = around
    bits = parts.answer.id_bits
    role = b'{"role":"assistant","content":null,"refusal":null,"audio":{"id":"%b","transcript":""}}'
    role %= sound_id(bits, index).encode()
    frame = b'%b{"audio":{"%b":%b}},"finish_reason":null}%b'
    data = sound(len(choice.pieces), form.format, bits[index % len(bits) :])
    steps = [
        frame % (head, b"transcript", ESCAPED[token], end)
        + frame % (head, b"data", orjson.dumps(in_text(data[BYTES * place : BYTES * (place + 1)])), end)
        for place, token in enumerate(choice.pieces)
    ] or [b""]
    steps[-1] += b'%b{"audio":{"expires_at":%d}}}%b' % (head, _expiry(parts), end)
    return head + role + layout.UNFINISHED + end, steps


def _beside(parts: Parts) -> usage.Beside:
    """Tokens of the request and the answer that are no plain text."""
    pictures = sounds = 0
    for message in parts.request.messages:
        for part in message.parts:
            pictures += part.tokens if part.kind == "image" else 0
            sounds += part.tokens if part.kind == "audio" else 0
    spoken = accepted = rejected = 0
    for choice in parts.answer.choices:
        if parts.sounding is not None and not choice.calls and choice.finish is not Finish.REFUSAL:
            spoken += spoken_tokens(len(choice.pieces))
        if parts.body.prediction is not None:
            taken, left = matched(choice.pieces, predicted(parts.body.prediction))
            accepted += taken
            rejected += left
    kinds = bool(sounds or spoken)
    return usage.Beside(sounds, pictures, spoken, accepted, rejected, kinds)


def _moderation(parts: Parts) -> dict[str, object]:
    asked = "\n".join([message.text for message in parts.request.messages])
    said = "\n".join([choice.text for choice in parts.answer.choices])
    model = parts.body.moderation.model if parts.body.moderation is not None else ""
    return moderated(model, asked, said, parts.plan)
