"""POST /v1/chat/completions: its request, its answer and its stream. Pure.

An answer in plain text is put together here, from bytes prepared once; whatever is more than that is `special`'s.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from orjson import dumps

from simulator.engine.plan import Choice, Finish, Plan
from simulator.engine.request import TEXT_FORMAT, Operation, Request
from simulator.providers.base import NO_TARGET, Call, Desk, Reply, Stream, Target
from simulator.providers.decode import DEFAULT_DEPTH, decode
from simulator.providers.openai import special, stored
from simulator.providers.openai.answers import FINISH, answer_id, answer_of, face
from simulator.providers.openai.calls import finish_of, manner_of, message_of
from simulator.providers.openai.chat_schema import ChatBody
from simulator.providers.openai.chunks import DONE, ChunkStream, DelayedStream, Lane
from simulator.providers.openai.families import PLAIN, family_of
from simulator.providers.openai.formats import format_of
from simulator.providers.openai.headers import plain_headers, stream_headers
from simulator.providers.openai.layout import CHOICE, FULL_CHOICE, PREFIX, REPLY, ROLE, UNFINISHED, chunk_of, tier_of
from simulator.providers.openai.limits import check_chat
from simulator.providers.openai.messages import conversation
from simulator.providers.openai.parameters import check_shared, sampling, stop_sequences, wants_usage
from simulator.providers.openai.tools import check_deprecated, check_tool_parameters, tool_choice_of, tools_of
from simulator.providers.openai.usage import in_chunk, whole
from simulator.providers.openai.verdicts import Verdicts
from simulator.providers.openai.wording import flawed, invalid
from simulator.providers.prefixes import FIRST, automatic

_SOUND: Final = b'"input_audio"'
_REFUSAL: Final = Finish.REFUSAL
_TIER: Final = tier_of(None)


class Given(msgspec.Struct, frozen=True, gc=False):
    """A decoded body, and whether its answer may have more in it than text and calls."""

    body: ChatBody
    rich: bool


class Chat:
    """The chat endpoint, an `Endpoint`. `max_depth` bounds the nesting of a body."""

    path = "/v1/chat/completions"
    operation = Operation.CHAT
    label = "chat_completions"
    reads = ()
    body = ChatBody

    def __init__(self, max_depth: int = DEFAULT_DEPTH) -> None:
        self._depth = max_depth
        self._decoder = msgspec.json.Decoder(ChatBody)
        self._verdicts = Verdicts()

    def decode(self, body: bytes, headers: Mapping[bytes, bytes], target: Target = NO_TARGET) -> Call:
        """See `Endpoint.decode`."""
        del headers, target
        given = decode(body, self._decoder, self._depth, flawed)
        check_shared(given)
        if given.max_tokens is not None and given.max_completion_tokens is not None:
            raise invalid(
                "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
                "max_completion_tokens",
                "invalid_parameter_combination",
            )
        with_tools = given.tools is not None or given.functions is not None
        choosing = given.tool_choice is not None or given.function_call is not None
        if choosing or given.parallel_tool_calls is not None:
            check_tool_parameters(given)
        if given.functions is not None:
            check_deprecated(given)
        family = family_of(given.model)
        effort = given.reasoning_effort
        rich = _is_rich(given)
        if rich or effort is not None or family is not PLAIN:
            check_chat(given, family)
            rich = rich or family.audio or _SOUND in body
        messages = conversation(given.messages)
        request = Request(
            operation=Operation.CHAT,
            provider="openai",
            model=given.model,
            messages=messages,
            max_tokens=given.max_tokens if given.max_completion_tokens is None else given.max_completion_tokens,
            stop=stop_sequences(given.stop),
            choices=given.n or 1,
            sampling=sampling(given),
            tools=tools_of(given, self._verdicts) if with_tools else (),
            tool_choice=tool_choice_of(given) if choosing else "",
            format=TEXT_FORMAT if given.response_format is None else format_of(given, messages, self._verdicts),
            extra=_extra(given) if rich or effort is not None else (),
            parallel=given.functions is None and given.parallel_tool_calls is not False,
            reasoning=None if effort is None else family.tokens(effort),
        )
        cache = None if len(body) < FIRST else automatic(request, least=1_024, unit=128, ttl_secs=600)
        return Call(request, given.stream is True, Given(given, rich), kept=given.store is True, cache=cache)

    def reply(self, call: Call, plan: Plan) -> Reply:
        """See `Endpoint.reply`."""
        answer = answer_of(plan)
        given: Given = call.echo
        choices = []
        for index, choice in enumerate(answer.choices):
            if choice.calls and not given.rich and given.body.functions is None:
                manner = manner_of(given.body, call.request)
                told = message_of(choice, manner)
                choices.append(FULL_CHOICE % (index, told, b"null", b"", b"null", finish_of(choice, manner)))
                continue
            if given.rich or choice.calls or choice.finish is _REFUSAL:
                return Reply(200, plain_headers(plan), special.whole(special.parts_of(given.body, call, plan)))
            choices.append(CHOICE % (index, dumps(choice.text), FINISH[choice.finish]))
        shown = face(plan.model)
        body = REPLY % (
            answer_id(plan, answer.id_bits, PREFIX),
            answer.created,
            shown.model,
            b",\n".join(choices),
            whole(answer.usage),
            _TIER,
            shown.fingerprint,
            b"",
        )
        return Reply(200, plain_headers(plan), body)

    def stream(self, call: Call, plan: Plan) -> Stream:
        """See `Endpoint.stream`. What the model thinks is not shown: nothing is sent before it is done with it."""
        answer = answer_of(plan)
        given: Given = call.echo
        lead = _lead(answer.choices)
        if given.rich or lead is None:
            return special.streamed(special.parts_of(given.body, call, plan))
        chunk = chunk_of(plan, answer, _TIER, answer.id_bits)
        with_usage = wants_usage(given.body)
        end = b'],"usage":null}\n\n' if with_usage else b"]}\n\n"
        starts = [b'%b{"index":%d,"delta":' % (chunk, index) for index in range(len(answer.choices))]
        closing = DONE
        if with_usage:
            closing = b'%b],"usage":%b}\n\n%b' % (chunk, in_chunk(answer.usage), DONE)
        tail = UNFINISHED + end
        lanes = [
            Lane(
                start + b'{"content":',
                b"}" + tail,
                b'%b{},"logprobs":null,"finish_reason":"%b"}%b' % (start, FINISH[choice.finish], end),
            )
            for start, choice in zip(starts, answer.choices, strict=True)
        ]
        opening = b"".join([start + ROLE + tail for start in starts])
        stream = ChunkStream(stream_headers(plan, lead), answer.choices, lanes, opening, closing)
        return DelayedStream(stream, lead) if lead else stream

    async def recall(self, call: Call, desk: Desk) -> Call:
        """See `Keeping.recall`: a chat refers to nothing that was stored."""
        del desk
        return call

    async def remember(self, call: Call, plan: Plan, desk: Desk) -> None:
        """See `Keeping.remember`."""
        await stored.remember(call.echo.body, self.reply(call, plan).body, desk)


def _lead(choices: Sequence[Choice]) -> int | None:
    """How many steps pass before the choices show anything.

    None where they do not begin together, or are not all text.
    """
    leads: set[int] = set()
    for choice in choices:
        if choice.calls or choice.finish is _REFUSAL:
            return None
        thought = len(choice.reasoning)
        leads.add(thought if not thought or len(choice.pieces) else thought - 1)
    return leads.pop() if len(leads) == 1 else None


def _is_rich(given: ChatBody) -> bool:
    """Whether anything is asked for that most requests do not: then the answer is not made of prepared bytes."""
    options = given.stream_options
    return bool(
        given.logprobs
        or given.store
        or given.service_tier is not None
        or given.modalities is not None
        or given.prediction is not None
        or given.moderation is not None
        or given.web_search_options is not None
        or given.verbosity is not None
        or given.top_logprobs is not None
        or (options is not None and options.include_obfuscation)
    )


def _extra(given: ChatBody) -> tuple[str, ...]:
    """What else of the dialect changes a real model's answer, as stable text."""
    found: list[str] = []
    if given.reasoning_effort is not None:
        found.append(f"reasoning_effort={given.reasoning_effort}")
    if given.verbosity is not None:
        found.append(f"verbosity={given.verbosity}")
    if given.web_search_options is not None:
        found.append("web_search")
    return tuple(found)
