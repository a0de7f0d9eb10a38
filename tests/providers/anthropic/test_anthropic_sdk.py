"""The official client against the dialect, over a transport that stays in the process."""

import json
from collections.abc import Iterator

import anthropic
import httpx2
import pytest

from simulator.engine.plan import Address, Answer, Choice, Finish, Plan, Usage
from simulator.providers.anthropic import Anthropic
from simulator.providers.base import ModelEntry, Problem, Refusal, Reply

PROVIDER = Anthropic()
PIECES = ("Good", " day", ", \u4e16\u754c", "!")
BITS = bytes(range(16))
ENTRIES = [ModelEntry(f"m{number}", "anthropic", f"M{number}", number, 1_000, 100, "chat") for number in range(45)]
PLAN = Plan(
    Address(1, 0, 0, 0),
    b"d" * 16,
    "claude-haiku-4-5",
    Answer((Choice(PIECES, Finish.STOP),), Usage(9, 4), bytes(32), 0),
    (),
    BITS,
)


def answer(request: httpx2.Request) -> httpx2.Response:
    """What the server does, without one."""
    headers = {name.lower().encode(): value.encode() for name, value in request.headers.items()}
    assert PROVIDER.claims(headers)
    try:
        if request.method == "GET":
            reply = PROVIDER.models(ENTRIES, dict(request.url.params), BITS)
        else:
            endpoint = next(each for each in PROVIDER.endpoints if each.path == request.url.path)
            call = endpoint.decode(request.content, headers)
            if call.request.model == "broken":
                reply = PROVIDER.refuse(Refusal(Problem.OVERLOADED), BITS)
            elif call.stream:
                stream = endpoint.stream(call, PLAN)
                reply = Reply(200, stream.headers, stream.frames(0, stream.steps))
            else:
                reply = endpoint.reply(call, PLAN)
    except Refusal as refusal:
        reply = PROVIDER.refuse(refusal, BITS)
    return httpx2.Response(reply.status, headers=list(reply.headers), content=reply.body)


@pytest.fixture
def client() -> Iterator[anthropic.Anthropic]:
    transport = httpx2.Client(transport=httpx2.MockTransport(answer))
    with anthropic.Anthropic(
        api_key="k", http_client=transport, max_retries=0, _strict_response_validation=True
    ) as made:
        yield made


def ask(model="claude-haiku-4-5") -> dict:
    return {"model": model, "max_tokens": 20, "messages": [{"role": "user", "content": "Hello"}]}


def test_create(client) -> None:
    message = client.messages.create(**ask())
    assert message.content[0].text == "".join(PIECES)
    assert message._request_id.startswith("req_01")


def test_stream(client) -> None:
    with client.messages.stream(**ask()) as stream:
        assert tuple(stream.text_stream) == PIECES
        whole = stream.get_final_message()
    assert whole.content[0].text == "".join(PIECES)
    assert whole.stop_reason == "end_turn"
    assert (whole.usage.input_tokens, whole.usage.output_tokens) == (9, 4)


def test_raw_events(client) -> None:
    with client.messages.create(**ask(), stream=True) as events:
        kinds = [event.type for event in events]
    assert kinds[0] == "message_start"
    assert kinds[-1] == "message_stop"
    assert kinds.count("content_block_delta") == len(PIECES)


def test_count_tokens(client) -> None:
    asked = ask()
    del asked["max_tokens"]
    assert client.messages.count_tokens(**asked).input_tokens == 9


def test_all_models_are_paged(client) -> None:
    assert [model.id for model in client.models.list()] == [entry.id for entry in reversed(ENTRIES)]


def test_filtering_models(client) -> None:
    assert list(client.models.list(lifecycle=["retired"])) == []


@pytest.mark.parametrize(
    ("more", "error", "message"),
    [
        (
            {"extra_body": {"temperature": 1.0}},
            anthropic.BadRequestError,
            "temperature: Extra inputs are not permitted",
        ),
        ({"model": "broken"}, anthropic.APIStatusError, "Overloaded"),
        ({"extra_headers": {"anthropic-version": "2020-01-01"}}, anthropic.BadRequestError, "is not a valid version"),
    ],
)
def test_errors(client, more, error, message) -> None:
    with pytest.raises(error) as caught:
        client.messages.create(**ask() | more)
    assert message in caught.value.body["error"]["message"]
    assert caught.value.request_id == json.loads(caught.value.response.content)["request_id"]


@pytest.mark.parametrize("problem", Problem)
def test_the_sdk_has_an_error_for_every_status(client, problem) -> None:
    reply = PROVIDER.refuse(Refusal(problem), BITS)
    response = httpx2.Response(
        reply.status,
        headers=list(reply.headers),
        content=reply.body,
        request=httpx2.Request("POST", "http://127.0.0.1/v1/messages"),
    )
    error = client._make_status_error_from_response(response)
    assert error.status_code == reply.status
    generic = {anthropic.APIStatusError} if problem is Problem.WRONG_METHOD else set()
    assert (type(error) is anthropic.APIStatusError) == bool(generic)
