"""An endpoint of OpenAI's dialect in Azure's envelope. Pure but for the shelf, which is the endpoint's own affair.

The request's `provider` stays `openai`: a deployment is one of OpenAI's models, under that model's name or an alias.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, cast

import msgspec
import orjson

from simulator.engine.plan import Answer, Finish, Plan
from simulator.providers.azure import annotations, versions
from simulator.providers.azure.desk import AzureDesk
from simulator.providers.azure.filters import BLOCKED, Filtered, Results, Verdict, verdict_of
from simulator.providers.azure.headers import Caller, caller_of, dressed
from simulator.providers.azure.plain import body_of, is_plain
from simulator.providers.azure.telling import tell
from simulator.providers.base import NO_TARGET, Call, Desk, Endpoint, Keeping, Reply, Stream, Target
from simulator.providers.multipart import is_form
from simulator.providers.openai.headers import plain_headers

FILTER: Final = b"x-llm-sim-content-filter"
"""The request header that says which filter the deployment has; `asynchronous` is the only one beside the usual."""
_JUDGED: Final = {
    "chat_completions": "chat",
    "completions": "chat",
    "responses": "responses",
    "images_generations": "images",
    "images_edits": "images",
}
"""How the endpoints by these labels tell of a blocked prompt; the others are not filtered."""
_BOUNDARY: Final = re.compile(rb'boundary="?([^";,\s]{1,200})"?')
_NO_MODEL: Final = re.compile(rb'("model"\s*:\s*)null\b')
"""LangChain sends no other model where the path names the deployment. Within a string the quotes would be escaped."""
_FIELD: Final = b'--%b\r\nContent-Disposition: form-data; name="model"\r\n\r\n%b\r\n'


class Letter(msgspec.Struct, frozen=True, gc=False):
    """What Azure adds to a call: `given` is the endpoint's own `Call.echo`."""

    given: Any
    caller: Caller
    verdict: Verdict
    later: bool


class Enveloped:
    """An `Endpoint`, and `Keeping` where the one within is.

    `path` is the whole path, with a parameter `deployment` where the model is named there. `dated` paths need an
    `api-version`.
    """

    def __init__(self, endpoint: Endpoint, path: str, *, dated: bool) -> None:
        self.path = path
        self.operation = endpoint.operation
        self.label = endpoint.label
        self._endpoint = endpoint
        self._dated = dated
        self._deployed = "{deployment}" in path
        self._api = _JUDGED.get(endpoint.label, "")
        tell(endpoint, self, dated=dated)

    def decode(self, body: bytes, headers: Mapping[bytes, bytes], target: Target = NO_TARGET) -> Call:
        """See `Endpoint.decode`. The deployment in the path counts, not the model in the body."""
        if self._dated:
            versions.check_dated(target)
        else:
            versions.check_undated(target)
        if self._deployed:
            body = _named(body, headers, target.parameters["deployment"])
        call = self._endpoint.decode(body, headers, target)
        verdict = verdict_of(body if self._api else b"")
        if verdict.blocks:
            raise self._filtered(verdict.prompt, call)
        later = headers.get(FILTER, b"").lower() == b"asynchronous"
        letter = Letter(call.echo, caller_of(headers, call.request.model), verdict, later)
        return msgspec.structs.replace(call, echo=letter)

    def reply(self, call: Call, plan: Plan) -> Reply:
        """See `Endpoint.reply`. Raises `Refusal` for a prompt that is blocked after all."""
        self._pass(call, plan)
        letter: Letter = call.echo
        verdict = letter.verdict
        plan = _cut(plan, verdict)
        if is_plain(letter.given, plan):
            headers = dressed(plain_headers(plan), plan.request_bits, letter.caller)
            return Reply(200, headers, body_of(plan, verdict))
        reply = self._endpoint.reply(_opened(call), plan)
        body = reply.body
        if self._api == "chat":
            body = annotations.whole(body, verdict, call.request)
        elif self._api == "responses":
            body = annotations.response(body, verdict)
        return Reply(reply.status, dressed(reply.headers, plan.request_bits, letter.caller), body)

    def stream(self, call: Call, plan: Plan) -> Stream:
        """See `Endpoint.stream`. Raises as `reply` does."""
        self._pass(call, plan)
        letter: Letter = call.echo
        verdict = letter.verdict
        plan = _cut(plan, verdict)
        call = _opened(call)
        stream = self._endpoint.stream(call, plan)
        headers = dressed(stream.headers, plan.request_bits, letter.caller)
        if self._api == "chat":
            return annotations.chunks(stream, headers, call, plan, verdict, later=letter.later)
        change = annotations.states(verdict) if self._api == "responses" else None
        kind = annotations.FailingStream if hasattr(stream, "fail") else annotations.FilteredStream
        return kind(stream, headers, change)

    def _pass(self, call: Call, plan: Plan) -> None:
        outcome = plan.outcome
        if self._api and isinstance(outcome, Answer) and outcome.blocked:
            raise self._filtered(BLOCKED, call)

    def _filtered(self, results: Results, call: Call) -> Filtered:
        return Filtered(results, self._api, sum([len(message.text) for message in call.request.messages]))

    async def recall(self, call: Call, desk: Desk) -> Call:
        """See `Keeping.recall`."""
        letter: Letter = call.echo
        found = await cast(Keeping, self._endpoint).recall(_opened(call), AzureDesk(desk))
        return msgspec.structs.replace(found, echo=msgspec.structs.replace(letter, given=found.echo))

    async def remember(self, call: Call, plan: Plan, desk: Desk) -> None:
        """See `Keeping.remember`."""
        letter: Letter = call.echo
        await cast(Keeping, self._endpoint).remember(_opened(call), _cut(plan, letter.verdict), AzureDesk(desk))


def _opened(call: Call) -> Call:
    """The call as the endpoint within has decoded it."""
    return msgspec.structs.replace(call, echo=call.echo.given)


def _cut(plan: Plan, verdict: Verdict) -> Plan:
    """The plan, of which the filter ends every choice if it found something in the answer. Its text stays whole."""
    outcome = plan.outcome
    if not verdict.cuts or not isinstance(outcome, Answer):
        return plan
    choices = [msgspec.structs.replace(choice, finish=Finish.CONTENT_FILTER) for choice in outcome.choices]
    return msgspec.structs.replace(plan, outcome=msgspec.structs.replace(outcome, choices=tuple(choices)))


def _named(body: bytes, headers: Mapping[bytes, bytes], deployment: str) -> bytes:
    """The body with the deployment for its model.

    Of a key that is given twice the last counts, in JSON as in a form: so it is appended, and nothing is parsed twice.
    A body that is no object, or no form, stays what it is, for its decoder to refuse.
    """
    if is_form(headers):
        return _named_form(body, headers, deployment)
    stripped = body.rstrip()
    if not stripped.endswith(b"}"):
        return body
    if b"null" in stripped:
        stripped = _NO_MODEL.sub(rb'\1""', stripped)
    rest = stripped[:-1].rstrip()
    return b"%b%b%b" % (rest, b"" if rest.endswith(b"{") else b",", _member(deployment))


@lru_cache(maxsize=1024)
def _member(deployment: str) -> bytes:
    return b'"model":%b}' % orjson.dumps(deployment.encode("utf-8", "replace").decode())


def _named_form(body: bytes, headers: Mapping[bytes, bytes], deployment: str) -> bytes:
    found = _BOUNDARY.search(headers[b"content-type"])
    if found is None:
        return body
    end = body.rfind(b"--" + found[1] + b"--")
    if end < 0:
        return body
    name = b"".join(deployment.encode("utf-8", "replace").splitlines())
    return body[:end] + _FIELD % (found[1], name) + body[end:]
