"""POST /v1/responses: its request, its answer, its stream, and what is stored of it."""

from collections.abc import Mapping

import msgspec
import orjson

from simulator.engine.plan import Plan
from simulator.engine.request import Operation
from simulator.providers.base import NO_TARGET, Call, Desk, Reply, Stream, Target
from simulator.providers.decode import DEFAULT_DEPTH, decode
from simulator.providers.openai.answers import answer_of
from simulator.providers.openai.conversations.stored import append
from simulator.providers.openai.headers import bare_headers, plain_headers
from simulator.providers.openai.responses.abilities import check_abilities
from simulator.providers.openai.responses.context import recalled
from simulator.providers.openai.responses.given import (
    Given,
    check_context,
    check_json_told,
    check_model,
    check_something,
    format_of,
    read_input,
    refers,
    request_of,
    sampling_of,
)
from simulator.providers.openai.responses.kept import ANSWER, RESPONSE, kept_of, listed, packed, with_reel
from simulator.providers.openai.responses.naming import index_of
from simulator.providers.openai.responses.offered import chosen, offered
from simulator.providers.openai.responses.response import (
    begun,
    body_of,
    final,
    is_stored,
    made_of,
    response_id,
    variables_of,
)
from simulator.providers.openai.responses.schema import ResponseBody
from simulator.providers.openai.responses.stream import WrittenStream, stream_of
from simulator.providers.openai.responses.truncate import shortened
from simulator.providers.openai.responses.wording import worded
from simulator.providers.openai.verdicts import Verdicts
from simulator.providers.openai.wording import invalid

LAYOUT = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE


class Responses:
    """The Responses endpoint, an `Endpoint` that keeps. `max_depth` bounds the nesting of a body."""

    path = "/v1/responses"
    operation = Operation.CHAT
    label = "responses"
    body = ResponseBody

    def __init__(self, max_depth: int = DEFAULT_DEPTH) -> None:
        self._depth = max_depth
        self._decoder = msgspec.json.Decoder(ResponseBody)
        self._verdicts = Verdicts()

    def decode(self, body: bytes, headers: Mapping[bytes, bytes], target: Target = NO_TARGET) -> Call:
        """See `Endpoint.decode`. What is stored is not known here: `recall` adds it."""
        del headers, target
        given = decode(body, self._decoder, self._depth, worded)
        check_model(given)
        work = read_input(given, self._depth)
        work.conversation = check_context(given, given.conversation)
        check_something(work, prompt=given.prompt is not None)
        _check(given)
        if given.tools is not None:
            work.offer = offered(given.tools, self._verdicts)
        if given.tool_choice is not None:
            work.choice = chosen(given.tool_choice, work.offer)
        request = request_of(
            work,
            self.operation,
            format_of(given.text, self._verdicts),
            max_tokens=given.max_output_tokens,
            sampling=sampling_of(given),
            extra=_extra(given, work),
            parallel=given.parallel_tool_calls is not False,
            reasoning=check_abilities(given),
        )
        refer = refers(work)
        if not refer:
            check_json_told(request)
        kept = refer or given.store is not False or given.truncation == "auto"
        stream = given.stream is True
        return Call(request, stream, work, kept, given.background is True and not stream)

    def reply(self, call: Call, plan: Plan) -> Reply:
        """See `Endpoint.reply`. Of a background response all that is there yet is that it is queued."""
        given: Given = call.echo
        if body_of(given).background:
            queued = orjson.dumps(begun(given, plan, "queued"), option=LAYOUT)
            return Reply(200, bare_headers(plan.request_bits), queued)
        told = given.made or final(given, plan, made_of(given, plan, call.request.messages))
        return Reply(200, plain_headers(plan), orjson.dumps(told, option=LAYOUT))

    def stream(self, call: Call, plan: Plan) -> Stream:
        """See `Endpoint.stream`."""
        return stream_of(call.echo, plan, made_of(call.echo, plan, call.request.messages))

    async def recall(self, call: Call, desk: Desk) -> Call:
        """See `Keeping.recall`."""
        if refers(call.echo):
            call = await recalled(call, desk)
        given: Given = call.echo
        if body_of(given).truncation == "auto":
            request = msgspec.structs.replace(call.request, messages=shortened(given, call.request, desk))
            call = msgspec.structs.replace(call, request=request)
        if is_stored(given):
            given.stored_at = int(desk.now)
        return call

    async def remember(self, call: Call, plan: Plan, desk: Desk) -> None:
        """See `Keeping.remember`. The items of a background response join their conversation at once."""
        given: Given = call.echo
        answer = answer_of(plan)
        made = made_of(given, plan, call.request.messages)
        inputs = listed(given, plan.request_bits)
        if is_stored(given):
            kept = kept_of(given, plan, final(given, plan, made), inputs, desk.now)
            if kept.background and call.stream:
                kept = with_reel(kept, WrittenStream(given, plan, made), plan.offsets)
            name = response_id(given, plan)
            await desk.shelf.put(RESPONSE, name, packed(kept))
            await desk.shelf.put(ANSWER, index_of(answer), name.encode())
        if given.conversation is not None:
            await append(desk.shelf, given.conversation, [*inputs, *[each.item for each in made]])


def _check(given: ResponseBody) -> None:
    """Refuse parameters that do not go together, and numbers that cannot be told back."""
    if given.stream_options is not None and given.stream is not True:
        raise invalid("The 'stream_options' parameter is only allowed when 'stream' is enabled.", "stream_options")
    if given.background and given.store is False:
        raise invalid(
            "Background responses must be stored: 'background' requires 'store' to be true.",
            "background",
            "invalid_parameter_combination",
        )


def _extra(given: ResponseBody, work: Given) -> tuple[str, ...]:
    """What else of the dialect changes a real model's answer, as stable text."""
    found: list[str] = []
    if given.text is not None and given.text.verbosity is not None:
        found.append(f"verbosity={given.text.verbosity}")
    if work.choice.hosted is not None:
        found.append(f"hosted={work.choice.hosted.__struct_config__.tag}")
    if given.prompt is not None:
        variables = orjson.dumps(variables_of(given.prompt), option=orjson.OPT_SORT_KEYS).decode()
        found.append(f"prompt={given.prompt.id} {given.prompt.version or ''} {variables}")
    return tuple(found)
