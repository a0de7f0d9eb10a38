"""POST /v1/completions: its request, its answer and its stream. Pure."""

from collections.abc import Mapping

import msgspec
import orjson

from simulator.engine.plan import Answer, Plan, Usage
from simulator.engine.request import Operation, Request
from simulator.providers.base import NO_TARGET, Call, Reply, Stream, Target
from simulator.providers.decode import DEFAULT_DEPTH, decode
from simulator.providers.openai.answers import FINISH, answer_id, answer_of, face
from simulator.providers.openai.chunks import DONE, ChunkStream, Lane, PaddedStream, StepStream, Track
from simulator.providers.openai.headers import plain_headers, stream_headers
from simulator.providers.openai.inputs import inputs_of
from simulator.providers.openai.limits import check_completion
from simulator.providers.openai.logprobs import Columns, pieces_of_prompt
from simulator.providers.openai.parameters import check_shared, sampling, stop_sequences, wants_usage
from simulator.providers.openai.schema import CompletionBody
from simulator.providers.openai.wording import flawed, invalid

DEFAULT_MAX_TOKENS = 16
DEFAULT_PROMPT = "<|endoftext|>"
MAX_CHOICES = 2048
"""Most answers of one request, over all its prompts: this simulator's own bound, so that no body fills the memory."""

_REPLY = (
    b'{\n  "id": %b,\n  "object": "text_completion",\n  "created": %d,\n  "model": %b,\n  "choices": [\n%b\n  ],\n'
    b'  "usage": {\n    "prompt_tokens": %d,\n    "completion_tokens": %d,\n    "total_tokens": %d\n  },\n'
    b'  "system_fingerprint": %b\n}\n'
)
_CHOICE = b'    {\n      "text": %b,\n      "index": %d,\n      "logprobs": %b,\n      "finish_reason": "%b"\n    }'
_CHUNK = b'data: {"id":%b,"object":"text_completion","created":%d,"choices":['
_TAIL = b',"model":%b,"system_fingerprint":%b'


class Completions:
    """The text completion endpoint, an `Endpoint`. `max_depth` bounds the nesting of a body."""

    path = "/v1/completions"
    operation = Operation.COMPLETION
    label = "completions"
    reads = ()
    body = CompletionBody

    def __init__(self, max_depth: int = DEFAULT_DEPTH) -> None:
        self._depth = max_depth
        self._decoder = msgspec.json.Decoder(CompletionBody)

    def decode(self, body: bytes, headers: Mapping[bytes, bytes], target: Target = NO_TARGET) -> Call:
        """See `Endpoint.decode`. Choice k of prompt p is answer `p * n + k`."""
        del headers, target
        given = decode(body, self._decoder, self._depth, flawed)
        stream = given.stream is True
        choices = given.n or 1
        check_shared(given)
        if given.best_of is not None and given.best_of < choices:
            raise invalid(
                "You requested that the server return more choices than it will generate (HINT: you must set "
                "'n' to be at most 'best_of').",
                "best_of",
            )
        if given.best_of is not None and given.best_of > 1 and stream:
            raise invalid("You cannot stream results with 'best_of' greater than 1.", "best_of")
        check_completion(given)
        inputs, token_inputs = inputs_of(DEFAULT_PROMPT if given.prompt is None else given.prompt, "prompt")
        if len(inputs) * choices > MAX_CHOICES:
            raise invalid(
                f"Invalid 'n': {len(inputs)} prompts with {choices} choices each are more than the "
                f"{MAX_CHOICES} answers allowed in one request.",
                "n",
            )
        request = Request(
            operation=Operation.COMPLETION,
            provider="openai",
            model=given.model,
            inputs=inputs,
            max_tokens=DEFAULT_MAX_TOKENS if given.max_tokens is None else given.max_tokens,
            stop=stop_sequences(given.stop),
            choices=choices,
            sampling=sampling(given),
            token_inputs=token_inputs,
            extra=_extra(given),
        )
        return Call(request, stream, given)

    def reply(self, call: Call, plan: Plan) -> Reply:
        """See `Endpoint.reply`."""
        answer = answer_of(plan)
        shown = face(plan.model)
        echoes = _echoes(call, answer)
        choices = [
            _CHOICE
            % (orjson.dumps(echo + choice.text), index, _logprobs(call, answer, index, echo), FINISH[choice.finish])
            for index, (echo, choice) in enumerate(zip(echoes, answer.choices, strict=True))
        ]
        usage = answer.usage
        body = _REPLY % (
            answer_id(plan, answer.id_bits, "cmpl-"),
            answer.created,
            shown.model,
            b",\n".join(choices),
            *_counts(usage),
            shown.fingerprint,
        )
        return Reply(200, plain_headers(plan), body)

    def stream(self, call: Call, plan: Plan) -> Stream:
        """See `Endpoint.stream`. With `echo` a choice's first frame is its prompt."""
        answer = answer_of(plan)
        shown = face(plan.model)
        chunk = _CHUNK % (answer_id(plan, answer.id_bits, "cmpl-"), answer.created)
        with_usage = wants_usage(call.echo)
        end = b"]" + _TAIL % (shown.model, shown.fingerprint) + (b',"usage":null}\n\n' if with_usage else b"}\n\n")
        head = chunk + b'{"text":'
        lanes = [
            Lane(
                head,
                b',"index":%d,"logprobs":null,"finish_reason":null}%b' % (index, end),
                b'%b"","index":%d,"logprobs":null,"finish_reason":"%b"}%b' % (head, index, FINISH[choice.finish], end),
            )
            for index, choice in enumerate(answer.choices)
        ]
        opening = b"".join(
            [
                head + orjson.dumps(echo) + lane.tail
                for echo, lane in zip(_echoes(call, answer), lanes, strict=True)
                if echo
            ]
        )
        closing = DONE
        if with_usage:
            counts = b',"usage":{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d}}\n\n' % _counts(
                answer.usage
            )
            closing = chunk + b"]" + _TAIL % (shown.model, shown.fingerprint) + counts + DONE
        stream: Stream
        if call.echo.logprobs is None:
            stream = ChunkStream(stream_headers(plan), answer.choices, lanes, opening, closing)
        else:
            tracks = [
                _track(call, answer, index, echo, lane)
                for index, (echo, lane) in enumerate(zip(_echoes(call, answer), lanes, strict=True))
            ]
            stream = StepStream(stream_headers(plan), tracks, closing)
        options = call.echo.stream_options
        return PaddedStream(stream) if options is not None and options.include_obfuscation is True else stream


def _logprobs(call: Call, answer: Answer, index: int, echo: str) -> bytes:
    """The log-probabilities of a whole choice, of an echoed prompt's tokens too."""
    most = call.echo.logprobs
    if most is None:
        return b"null"
    before = pieces_of_prompt(echo)
    pieces = [*before, *answer.choices[index].pieces]
    # The answer's own tokens are counted from 0, so that they have the same figures with and without an echo.
    return Columns(answer.id_bits, index, most).told(pieces, 0, -len(before), first=bool(before))


def _track(call: Call, answer: Answer, index: int, echo: str, lane: Lane) -> Track:
    """A choice's stream with log-probabilities, a frame for the echo and one for each token."""
    columns = Columns(answer.id_bits, index, call.echo.logprobs)
    head, tail = lane.head, lane.tail
    place = tail.index(b"null")

    def framed(text: str, told: bytes) -> bytes:
        return b"%b%b%b%b%b" % (head, orjson.dumps(text), tail[:place], told, tail[place + 4 :])

    before = pieces_of_prompt(echo)
    opening = framed(echo, columns.told(before, 0, -len(before), first=True)) if echo else b""
    steps: list[bytes] = []
    offset = len(echo)
    for step, token in enumerate(answer.choices[index].pieces):
        steps.append(framed(token, columns.told([token], offset, step)))
        offset += len(token)
    if not steps:
        steps.append(b"")
    steps[-1] += lane.final
    return Track(opening, 0, steps)


def _counts(usage: Usage) -> tuple[int, int, int]:
    return usage.input_tokens, usage.output_tokens, usage.input_tokens + usage.output_tokens


def _echoes(call: Call, answer: Answer) -> list[str]:
    """The prompt before each choice's text, empty unless the request asked for its echo."""
    if not call.echo.echo:
        return [""] * len(answer.choices)
    return [call.request.inputs[index // call.request.choices] for index in range(len(answer.choices))]


def _extra(given: CompletionBody) -> tuple[str, ...]:
    """What else of the dialect changes a real model's answer, as stable text."""
    found = []
    if given.suffix:
        found.append(f"suffix={given.suffix}")
    if given.best_of is not None and given.best_of > (given.n or 1):
        found.append(f"best_of={given.best_of}")
    return tuple(found)
