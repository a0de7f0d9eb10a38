"""Whatever comes in, the envelope adds or refuses; nothing else may leave `decode`, an action or `refuse`."""

import json

import pytest
from azure_plans import DATED, PROVIDER, REQUEST_BITS, at, chat_body, desk_of, planned
from hypothesis import example, given, settings
from hypothesis import strategies as st

from simulator.engine.errors import EngineRefusal
from simulator.providers.base import Problem, Refusal

NAMES = st.sampled_from(["model", "messages", "prompt", "input", "stream", "voice", "n", "tools"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=3), inner, max_size=4),
)
BODIES = st.dictionaries(NAMES, VALUES, max_size=5).map(json.dumps).map(str.encode) | st.binary(max_size=60)
DEPLOYMENTS = st.text(max_size=12) | st.sampled_from(["gpt-4o", "\ud800", 'x","n":5,"y":"', "a\r\n--b--", "model"])
HEADERS = st.sampled_from(
    [
        {},
        {b"content-type": b"multipart/form-data; boundary=b"},
        {b"content-type": b"multipart/form-data"},
        {b"content-type": b'multipart/form-data; boundary="'},
        {b"x-llm-sim-content-filter": b"\xff"},
    ]
)


@settings(max_examples=150, deadline=None)
@given(
    point=st.sampled_from(PROVIDER.endpoints),
    body=BODIES,
    headers=HEADERS,
    deployment=DEPLOYMENTS,
    version=st.sampled_from([None, "2024-10-21", "v1", "\udfff"]),
)
def test_whatever_comes_is_answered_or_refused(point, body, headers, deployment, version):
    try:
        call = point.decode(body, headers, at(deployment, version))
        reply = point.reply(call, planned(call))
    except EngineRefusal:
        return
    except Refusal as refusal:
        reply = PROVIDER.refuse(refusal, REQUEST_BITS)
    assert 200 <= reply.status < 500


BROKEN = [
    b"",
    b"{",
    b"}",
    b"[}",
    b"{}}",
    b'{"a"}',
    b'{"a":}',
    b'{"a":"b}',
    b'{"a":"}',
    b'{"a":1,}',
    b'{"a":"\\}',
    b"\xff}",
    b'"}',
]


@pytest.mark.parametrize("body", BROKEN)
def test_a_deployments_name_does_not_mend_a_body(body):
    point = next(one for one in PROVIDER.endpoints if one.path.endswith("{deployment}/chat/completions"))
    with pytest.raises(Refusal) as caught:
        point.decode(body, {}, at())
    assert "could not parse the JSON body" in caught.value.message


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=20), deployment=DEPLOYMENTS.filter(bool))
@example(text="", deployment='x","messages":[],"y":"')
def test_a_deployments_name_changes_nothing_else(text, deployment):
    point = next(one for one in PROVIDER.endpoints if one.path.endswith("{deployment}/chat/completions"))
    call = point.decode(chat_body(text), {}, at(deployment))
    assert call.request.messages[0].text == text
    assert call.request.model == deployment.encode("utf-8", "replace").decode()


@settings(max_examples=120, deadline=None)
@given(
    action=st.sampled_from(PROVIDER.actions),
    body=BODIES,
    headers=HEADERS,
    name=st.text(max_size=10),
    query=st.sampled_from([{}, DATED, {"api-version": ["x"]}, {"limit": ["\ud800"]}, {**DATED, "limit": ["0"]}]),
)
def test_actions_answer_or_refuse(action, body, headers, name, query):
    names = [part.strip("{}") for part in action.path.split("/") if part.startswith("{")]
    reply = desk_of().ask(
        action.method, action.path, body, headers=headers, parameters=dict.fromkeys(names, name), query=query
    )
    assert 200 <= reply.status < 500


@settings(max_examples=60, deadline=None)
@given(problem=st.sampled_from(Problem), text=st.text(), param=st.none() | st.text(), code=st.none() | st.text())
@example(problem=Problem.UNKNOWN_MODEL, text="\ud800", param="\ud800", code=None)
def test_any_refusal_can_be_told(problem, text, param, code):
    if code is not None and not code.isascii():
        code = "code"
    refusal = Refusal(problem, text, param=param, code=code, model=text, retry_after=1.5, known=("a",))
    reply = PROVIDER.refuse(refusal, REQUEST_BITS)
    assert json.loads(reply.body)["error"]
