"""`/admin/sessions`: what operators see of remembered conversations, and how they end them."""

import pytest
from asgi_client import ask
from session_store import SESSION, Away, Remembering, chat, fleet, said

from simulator.server.sessions import scope_of
from simulator.state.store import Turn


@pytest.fixture(scope="module")
def workers():
    return fleet(None, 3)


@pytest.fixture
def store(workers):
    store = Remembering()
    for app in workers:
        app._house.store = store
    return store


def admin(app, path="", method="GET"):
    return ask(app, method, f"/admin/sessions{path}")


@pytest.fixture
def five(workers, store):
    """Five sessions; two keys use the name `a`."""
    for number, (name, key) in enumerate((("a", "1"), ("a", "2"), ("b", "1"), ("c/d e", "1"), ("é", "1"))):
        store.now += number * 1_000_000
        raw = name.replace(" ", "_").replace("é", "e").encode()
        chat(workers[0], ("user", "Hello"), headers=((b"x-session-id", raw), (b"x-api-key", key.encode())))
    return workers[1]


def test_sessions_are_listed_by_pages(five):
    shown, after, pages = [], "", 0
    while after is not None:
        page = admin(five, f"?limit=2&after={after.replace('/', '%2F')}").json()
        assert page["total"] == 5
        shown += page["sessions"]
        after = page["next"]
        pages += 1
    assert pages == 3
    assert len({(each["scope"], each["id"]) for each in shown}) == 5
    assert shown == admin(five).json()["sessions"]
    one = next(each for each in shown if each["id"] == "b")
    assert one.keys() == {"scope", "id", "created", "last_used", "expires", "turns", "tokens"}
    assert one["turns"] == 2
    assert (one["created"][:8], one["created"][-1]) == ("2026-09-", "Z")
    assert one["expires"] > one["last_used"]


def test_a_session_is_shown_with_what_was_said(workers, store):
    first = chat(workers[0], ("system", "Be brief."), ("user", "Hello"))
    shown = admin(workers[2], "/talk").json()
    assert [turn["role"] for turn in shown["turns"]] == ["system", "user", "assistant"]
    assert shown["turns"][0]["messages"] == [{"role": "system", "text": "Be brief."}]
    assert shown["turns"][1]["text"] == "Hello"
    assert shown["turns"][2]["text"] == said(first)
    assert shown["tokens"] == sum(turn["tokens"] for turn in shown["turns"])
    assert admin(workers[2], f"/talk?scope={shown['scope']}").json()["id"] == "talk"


def test_parts_and_calls_are_shown_and_contents_are_cut(workers, store):
    content = [
        {"type": "text", "text": "Look"},
        {"type": "image_url", "image_url": {"url": "https://example.test/" + "x" * 999}},
    ]
    calls = [{"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}]
    body = {
        "model": "gpt-4o",
        "messages": [
            {"role": "user", "content": content, "name": "Ann"},
            {"role": "assistant", "tool_calls": calls},
            {"role": "tool", "content": "seen", "tool_call_id": "call_1"},
        ],
    }
    assert ask(workers[0], "POST", "/v1/chat/completions", body, SESSION).status == 200
    user, assistant, tool, _ = admin(workers[0], "/talk").json()["turns"]
    assert (user["name"], user["parts"][0]["kind"], len(user["parts"][0]["source"])) == ("Ann", "image", 200)
    assert assistant["calls"] == [{"id": "call_1", "name": "look", "arguments": "{}"}]
    assert (tool["text"], tool["answers"]) == ("seen", "call_1")


def test_a_session_is_ended(five, store):
    assert admin(five, "/c/d_e", "DELETE").json()["ended"] is True
    assert admin(five, "/c/d_e").status == 404
    assert admin(five, "/c/d_e", "DELETE").status == 404
    assert admin(five, f"/c/d_e?scope={'0' * 32}", "DELETE").status == 404
    assert len(store.kept) == 4


def test_an_id_of_two_keys_must_be_told_apart(five, store):
    for method in ("GET", "DELETE"):
        answer = admin(five, "/a", method)
        assert answer.status == 409
        assert len(answer.json()["scopes"]) == 2
    scope = scope_of({b"x-api-key": b"2"})
    assert admin(five, f"/a?scope={scope}", "DELETE").json() == {"scope": scope, "id": "a", "ended": True}
    assert admin(five, "/a").status == 200


def test_every_session_is_ended_only_when_that_is_said(five, store):
    for query in ("", "?all=false", "?all=", "?everything=true"):
        assert admin(five, query, "DELETE").status == 400
    assert len(store.kept) == 5
    assert admin(five, "?all=true", "DELETE").json() == {"ended": 5}
    assert not store.kept


@pytest.mark.parametrize(
    ("path", "method", "status", "named"),
    [
        ("?limit=0", "GET", 400, "limit"),
        ("?limit=1001", "GET", 400, "limit"),
        ("?limit=ten", "GET", 400, "limit"),
        ("?limit=%D9%A1", "GET", 400, "limit"),
        ("?page=2", "GET", 400, "after, limit"),
        ("?limit=1&limit=2", "GET", 400, "once"),
        ("?" + "a=1&" * 20, "GET", 400, "too many"),
        ("?after=" + "x" * 600, "GET", 400, "after"),
        ("?after=%00", "GET", 400, "after"),
        ("/no-such", "GET", 404, "no such session"),
        ("/", "GET", 400, "id"),
        ("/a%00b", "GET", 404, "no such session"),
        ("/a?scope=", "GET", 400, "scope"),
        ("/" + "x" * 257, "GET", 400, "id"),
        ("", "POST", 405, "not allowed"),
        ("/a", "PUT", 405, "not allowed"),
    ],
)
def test_what_cannot_be_asked_is_named(workers, store, path, method, status, named):
    answer = admin(workers[0], path, method)
    assert answer.status == status
    assert named in answer.json()["error"]


def test_a_store_that_is_away_is_told_as_503(workers):
    for store in (Away(), None):
        workers[0]._house.store = store
        for path, method in (("", "GET"), ("/talk", "GET"), ("/talk?scope=x", "DELETE"), ("?all=true", "DELETE")):
            answer = admin(workers[0], path, method)
            assert answer.status == 503
            assert "cannot be reached" in answer.json()["error"]


def test_a_turn_that_cannot_be_read_is_told(workers, store):
    chat(workers[0], ("user", "Hello"))
    ((key, session),) = store.kept.items()
    turns = (Turn(b"\xc1", 3), *session.turns)
    store.kept[key] = type(session)(*key, session.created_us, 2**62, turns)
    shown = admin(workers[0], "/talk").json()
    assert shown["turns"][0] == {"role": None, "text": None, "tokens": 3, "error": "this turn cannot be read"}
    store.kept[key] = type(session)(*key, session.created_us, 2**62, turns)
    assert admin(workers[0]).json()["sessions"][0]["last_used"].startswith("9999-12-31")
