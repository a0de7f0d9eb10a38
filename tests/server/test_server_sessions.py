"""Sessions: a remembered conversation is answered as one that the client sends whole, whichever worker is asked."""

from contextlib import ExitStack

import pytest
from asgi_client import ask
from hypothesis import given
from hypothesis import strategies as st
from serving import Simulator
from session_store import SESSION, Away, Remembering, chat, fleet, said

from simulator.config.catalogue import ModelCard
from simulator.engine.plan import Call, Choice, Finish
from simulator.engine.request import Message, Part, ToolCall
from simulator.engine.tokens import load as tokenizer
from simulator.engine.tokens.bounded import EXACT_CHARACTERS
from simulator.server.conversation import Instructions, answer_of, decode, join, written
from simulator.server.sessions import scope_of
from simulator.state.store import Turn

VERSION = ((b"anthropic-version", b"2023-06-01"),)
CARD = ModelCard(id="m", provider="openai")


@pytest.fixture(scope="module")
def workers():
    return fleet(None, 3)


@pytest.fixture
def store(workers):
    store = Remembering()
    for app in workers:
        app._house.store = store
    return store


def message(app, *turns, headers=SESSION, **fields):
    body = {
        "model": "claude-sonnet-4-5",
        "max_tokens": 500,
        "messages": [{"role": role, "content": text} for role, text in turns],
        **fields,
    }
    return ask(app, "POST", "/v1/messages", body, (*VERSION, *headers))


def test_three_turns_over_three_workers_are_the_conversation_sent_whole(workers, store):
    whole, asked = [("system", "Be brief.")], ["Hello", "And then?", "Why?"]
    for turn, app in enumerate(workers):
        own = [("user", asked[turn])] if turn else [("system", "Be brief."), ("user", asked[0])]
        whole.append(("user", asked[turn]))
        kept = chat(app, *own, stream=turn == 1)
        plain = chat(app, *whole, headers=(), stream=turn == 1)
        assert kept.headers["x-session-id"] == "talk"
        assert "x-session-id" not in plain.headers
        assert kept.body == plain.body
        whole.append(("assistant", said(kept)))
    (session,) = store.kept.values()
    assert len(session.turns) == 7


def test_a_system_prompt_with_every_request_is_remembered_once_and_may_change(workers, store):
    whole = []
    for turn, system in enumerate(("Be brief.", "Be brief.", "Be long.")):
        whole.append(("user", f"Question {turn}"))
        kept = message(workers[turn], whole[-1], system=system)
        plain = message(workers[turn], *whole, system=system, headers=())
        assert (kept.status, kept.body) == (200, plain.body)
        whole.append(("assistant", kept.json()["content"][0]["text"]))
    later = message(workers[0], ("user", "Last"))
    assert later.body == message(workers[0], *whole, ("user", "Last"), system="Be long.", headers=()).body
    (session,) = store.kept.values()
    kinds = [type(decode(turn.body)) for turn in session.turns]
    assert kinds.count(Instructions) == 2


def test_a_client_that_sends_its_whole_conversation_gets_it_once(workers, store):
    whole = [("system", "Be brief.")]
    for turn, app in enumerate(workers):
        whole.append(("user", f"Question {turn}"))
        kept = chat(app, *whole)
        assert kept.body == chat(app, *whole, headers=()).body
        whole.append(("assistant", said(kept)))
    (session,) = store.kept.values()
    assert len(session.turns) == len(whole)


def test_the_same_dialogue_has_the_same_answers_in_any_session(workers, store):
    first = [said(chat(app, ("user", "Go on"))) for app in workers]
    again = [said(chat(app, ("user", "Go on"), headers=((b"x-session-id", b"other"),))) for app in reversed(workers)]
    assert again == first
    assert len(set(first)) == 3


def test_two_keys_have_two_sessions_of_one_name(workers, store):
    key = ((b"authorization", b"Bearer sk-one"),)
    for headers in (key, key, ((b"x-api-key", b"sk-two"),), ()):
        chat(workers[0], ("user", "Hello"), headers=(*SESSION, *headers))
    assert sorted(len(session.turns) for session in store.kept.values()) == [2, 2, 4]
    assert not any("sk-" in scope for scope, _ in store.kept)
    assert scope_of({b"authorization": b"bearer sk-one"}) == scope_of({b"x-api-key": b"sk-one"})
    assert scope_of({b"authorization": b"Basic sk-one"}) == scope_of({})
    assert len(scope_of({})) == 32


def test_an_expired_session_begins_anew(workers, store):
    first = chat(workers[0], ("user", "Hello"))
    assert chat(workers[1], ("user", "Hello")).body != first.body
    store.now += 3_600_000_000
    assert chat(workers[1], ("user", "Hello")).body == first.body


@pytest.mark.parametrize("name", [b"", b" ", b"a b", b"caf\xc3\xa9", b"x" * 257, b"a\tb", b"\x7f"])
def test_a_name_that_cannot_be_one_is_refused_by_the_header_s_name(workers, store, name):
    for refused in (
        chat(workers[0], ("user", "Hello"), headers=((b"x-session-id", name),)),
        message(workers[0], ("user", "Hello"), headers=((b"x-session-id", name),)),
    ):
        assert refused.status == 400
        assert refused.json()["error"]["type"] == "invalid_request_error"
        assert "x-session-id" in refused.json()["error"]["message"]
        assert "x-session-id" not in refused.headers
    assert not store.kept


def test_the_longest_name_is_one(workers, store):
    name = b"~" * 256
    assert chat(workers[0], ("user", "Hi"), headers=((b"x-session-id", name),)).headers["x-session-id"] == name.decode()
    assert [each for _, each in store.kept] == [name.decode()]


@pytest.mark.parametrize(
    ("path", "body", "headers"),
    [
        ("/v1/completions", {"model": "gpt-3.5-turbo-instruct", "prompt": "Hello"}, SESSION),
        ("/v1/embeddings", {"model": "text-embedding-3-small", "input": "Hello"}, SESSION),
        (
            "/v1/messages/count_tokens",
            {"model": "claude-sonnet-4-5", "messages": [{"role": "user", "content": "Hello"}]},
            (*SESSION, *VERSION),
        ),
    ],
)
def test_what_is_no_conversation_has_no_session(workers, store, path, body, headers):
    answer = ask(workers[0], "POST", path, body, headers)
    assert answer.status == 200
    assert "x-session-id" not in answer.headers
    assert not store.kept


def test_a_fault_and_a_refusal_are_not_remembered(store):
    (app,) = fleet(store, 1, errors__server_error__probability=1.0)
    refused = chat(app, ("user", "Hello"))
    assert (refused.status, refused.headers["x-session-id"]) == (500, "talk")
    assert chat(app, ("user", "Hello"), model="no-such").status == 404
    assert not store.kept


def test_sessions_that_are_switched_off_ignore_the_header(store):
    (app,) = fleet(store, 1, simulation__sessions__enabled=False)
    for name in (b"talk", b"not a name"):
        answer = chat(app, ("user", "Hello"), headers=((b"x-session-id", name),))
        assert answer.status == 200
        assert "x-session-id" not in answer.headers
    assert not store.kept


def test_a_store_that_is_away_costs_the_memory_and_not_the_answer(workers):
    workers[0]._house.store = Away()
    answer = chat(workers[0], ("user", "Hello"))
    assert answer.headers["x-llm-sim-state"] == "degraded"
    plain = chat(workers[0], ("user", "Hello"), headers=())
    assert answer.body == plain.body
    assert "x-llm-sim-state" not in plain.headers


def test_beyond_the_model_s_window_the_provider_s_own_error_comes(workers, store):
    long = ("user", "word " * 6000)
    assert chat(workers[0], long, model="gpt-4").status == 200
    refused = chat(workers[1], long, model="gpt-4")
    assert refused.status == 400
    assert refused.json()["error"]["code"] == "context_length_exceeded"
    (session,) = store.kept.values()
    assert len(session.turns) == 2


def test_what_is_beyond_the_configured_context_is_forgotten_oldest_first(store):
    (app,) = fleet(store, 1, simulation__sessions__max_context_tokens=1000)
    chat(app, ("user", "first " * 900))
    chat(app, ("user", "second"))
    (session,) = store.kept.values()
    assert session.tokens <= 1000
    texts = [decode(turn.body).text for turn in session.turns]
    assert "second" in texts
    assert not any(text.startswith("first") for text in texts)


def test_a_turn_that_cannot_be_read_is_left_out(workers, store):
    chat(workers[0], ("user", "Hello"))
    ((key, session),) = store.kept.items()
    damaged = (Turn(b"\xc1", 3), Turn(b"\x91\xa1\xff", 3), *session.turns, Turn(b"\x93\x01", 1))
    store.kept[key] = type(session)(*key, session.created_us, session.used_us, damaged)
    kept = chat(workers[1], ("user", "Next"))
    answer = decode(session.turns[1].body).text
    assert kept.body == chat(workers[1], ("user", "Hello"), ("assistant", answer), ("user", "Next"), headers=()).body


def test_turns_are_measured_as_prompts_are_billed(workers, store):
    first = chat(workers[0], ("system", "Be brief."), ("user", "Hello there"))
    (session,) = store.kept.values()
    bill = first.json()["usage"]
    system, user, answer = [turn.tokens for turn in session.turns]
    assert system + user == bill["prompt_tokens"] - 3
    assert answer == bill["completion_tokens"] + 4
    assert chat(workers[0], ("user", "x")).json()["usage"]["prompt_tokens"] >= session.tokens


def test_a_model_that_no_card_knows_has_sessions_too(store):
    (app,) = fleet(store, 1, models__allow_unknown=True)
    answers = [said(chat(app, ("user", "Go on"), model="my-own")) for _ in range(2)]
    assert answers[0] != answers[1]
    (session,) = store.kept.values()
    assert [turn.tokens > 4 for turn in session.turns] == [True] * 4


def test_texts_beyond_the_counted_share_the_prompt_s_tokens():
    long = Message("user", "x" * (EXACT_CHARACTERS + 1))
    choice = Choice(("a", "b"), Finish.STOP)
    turns = written((long, Message("user", "hi")), choice, ((long,), 5000), CARD, tokenizer("estimate"))
    assert [turn.tokens for turn in turns] == [5004, 4, 6]


def test_an_answer_that_calls_a_tool_is_a_message_with_calls():
    choice = Choice(("Wait",), Finish.TOOL_CALLS, calls=(Call(b"", "look", ('{"a"', ":1}")),))
    assert answer_of(choice) == Message("assistant", "Wait", calls=(ToolCall("", "look", '{"a":1}'),))


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
OWN = st.lists(
    st.one_of(
        st.builds(Message, st.just("user"), TEXTS, TEXTS),
        st.builds(Message, st.just("user"), TEXTS, parts=st.tuples(st.builds(Part, st.just("image"), TEXTS))),
        st.builds(Message, st.sampled_from(["system", "assistant"]), TEXTS),
    ),
    max_size=3,
).map(lambda rest: (Message("user", "begin"), *rest))
SYSTEM = st.lists(st.builds(Message, st.sampled_from(["system", "developer"]), TEXTS), max_size=2).map(tuple)


@given(st.lists(st.tuples(SYSTEM, OWN, TEXTS, st.booleans()), min_size=1, max_size=5))
def test_any_dialogue_is_joined_as_if_it_were_sent_whole(dialogue):
    """Each request brings its own messages, or the whole dialogue; sometimes system messages before them."""
    turns, before, instructions = [], (), ()
    for system, own, text, all_of_it in dialogue:
        instructions = system or instructions
        joined = join(map(decode, [turn.body for turn in turns]), (*system, *(before if all_of_it else ()), *own))
        if before and own[: len(before)] == before:
            return  # a request that happens to begin with all there is would be taken for one that carries it
        before += own
        assert joined.messages == (*instructions, *before)
        turns += written(joined.fresh, Choice((text,), Finish.STOP), (joined.messages, 9), CARD, tokenizer("estimate"))
        before += (Message("assistant", text),)
    assert all(turn.tokens > 0 for turn in turns)


def test_a_fleet_remembers_over_its_workers_and_the_death_of_one(tmp_path):
    asked = {"x-session-id": "talk"}
    with Simulator(tmp_path, "--latency", "none", workers=2) as fleet, ExitStack() as stack:
        whole, shards = [], set()
        for turn in range(6):
            if turn == 4:
                fleet.kill(0)
            whole.append({"role": "user", "content": f"Question {turn}"})
            connection = stack.enter_context(fleet.connect())
            kept = fleet.ask(
                "/v1/chat/completions", {"model": "gpt-4o", "messages": whole[-1:]}, asked, connection=connection
            )
            plain = fleet.ask("/v1/chat/completions", {"model": "gpt-4o", "messages": whole})
            assert (kept.status, kept.body) == (200, plain.body)
            assert "x-llm-sim-state" not in kept.headers
            shards.add(kept.address[0])
            whole.append({"role": "assistant", "content": kept.json()["choices"][0]["message"]["content"]})
        assert shards == {"0.0", "0.1"}
        listing = fleet.ask("/admin/sessions").json()
        assert (listing["total"], listing["next"]) == (1, None)
        assert listing["sessions"][0]["turns"] == 12
        shown = fleet.ask("/admin/sessions/talk").json()
        assert [turn["text"] for turn in shown["turns"]] == [message["content"] for message in whole]
        assert fleet.ask("/admin/sessions?all=true", method="DELETE").json() == {"ended": 1}
        assert fleet.ask("/admin/sessions").json()["total"] == 0
