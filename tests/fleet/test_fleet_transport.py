"""Troubles on the wire of a real fleet, as a client sees them that looks below HTTP."""

import json
import re
import signal
import threading
import time

import pytest
from serving import Simulator, wait_for
from wire_client import CHAT, DIALECTS, ask, complete, connected, hear, leave, request

PATH = "/v1/chat/completions"
STREAM = {**CHAT, "stream": True}
WRITE_TIMEOUT = 0.4


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    config = {"server": {"write_timeout_secs": WRITE_TIMEOUT}}
    with Simulator(tmp_path_factory.mktemp("wire"), "--latency", "none", config=config, workers=2) as running:
        yield running
        assert "Traceback" not in running.log()
        assert "the application" not in running.log(), "an answer that ends early is no fault of ours"


@pytest.fixture(scope="module")
def sound(fleet):
    """The undisturbed answer of every dialect."""
    found = {name: ask(fleet, path, body) for name, (path, body) in DIALECTS.items()}
    assert {name: (heard.status, heard.whole) for name, heard in found.items()} == dict.fromkeys(DIALECTS, (200, True))
    return {name: nameless(heard.body) for name, heard in found.items()}


def nameless(body):
    """A body without what belongs to the request rather than to the answer: its ids, and when it came."""
    return re.sub(rb'((?:resp|req)_|"(?:created|completed)_at":)\w+', rb"\g<1>0", body)


def idle(fleet):
    """Wait until nothing is answered any more; the seconds that it took."""
    begun = time.monotonic()
    wait_for(lambda: sum(worker["in_flight"] for worker in fleet.stats()["workers"]) == 0, "the stream to be freed", 5)
    return time.monotonic() - begun


def events(body):
    """The text of every event of a stream, whatever its form."""
    if body.startswith(b"["):
        return re.split(rb",\r\n", body[1:].removesuffix(b"]"))
    if body.startswith(b"{"):
        return body.splitlines()
    found = [re.search(rb"^data: (.*)", event, re.MULTILINE) for event in re.split(rb"\r?\n\r?\n", body) if event]
    return [event[1].strip() for event in found]


def readable(event):
    """Whether an event is JSON, or the word that ends a stream."""
    try:
        json.loads(event)
    except ValueError:
        return event == b"[DONE]"
    return True


@pytest.mark.parametrize("name", DIALECTS)
def test_every_dialect_s_stream_breaks_as_it_is_told_to(fleet, sound, name):
    path, body = DIALECTS[name]
    usual = sound[name]
    assert all(map(readable, events(usual)))

    def with_(fault):
        heard = ask(fleet, path, body, fault)
        assert heard.status == 200
        assert heard.header("x-llm-sim-fault") == fault.partition(";")[0]
        return heard

    for fault in ("stall;after_tokens=2;duration_ms=30", "trickle;bytes_per_sec=400000"):
        heard = with_(fault)
        assert (nameless(heard.body), heard.whole) == (usual, True)

    heard = with_("cut;after_tokens=2;mid_frame=true")
    sent, last = heard.chunks
    size, half = sent.pop()
    assert (heard.left, last, len(half)) == ("fin", False, size // 2)
    before = nameless(b"".join(data for _, data in sent))
    assert usual.startswith(before + half)
    assert all(size == len(data) for size, data in sent)

    heard = with_("reset;after_tokens=2")
    assert (heard.left, heard.whole) == ("reset", False)
    assert nameless(heard.body) == before, "all that was sent before it arrives"

    heard = with_("malformed;after_tokens=2")
    assert heard.whole
    assert len(events(heard.body)) == len(events(usual))
    assert [readable(event) for event in events(heard.body)].count(False) == 1

    heard = with_("truncated_json;after_tokens=2")
    assert heard.whole
    assert usual.startswith(nameless(heard.body))
    assert [readable(event) for event in events(heard.body)] == [True] * (len(events(heard.body)) - 1) + [False]

    heard = with_("missing_terminator")
    assert heard.whole
    left = events(nameless(heard.body))
    assert left == events(usual)[: len(left)]
    assert len(left) == len(events(usual)) - (name != "gemini-array")

    heard = with_("wrong_length;by_bytes=7")
    size, data = heard.chunks[0][-1]
    assert (heard.left, nameless(heard.body), size - len(data)) == ("fin", usual, 7)

    for step, kept in ((0, b""), (2, before)):
        heard = with_(f"error_event;after_tokens={step};error=overloaded")
        assert heard.whole
        assert nameless(heard.body).startswith(kept)
        told = events(heard.body)
        assert len(told) - (len(events(kept)) if kept else 0) in (1, 2, 3)
        assert all(map(readable, told))
        assert b"error" in heard.body.lower()


def test_a_reset_within_a_whole_answer(fleet):
    usual = ask(fleet, PATH, CHAT).body
    heard = ask(fleet, PATH, CHAT, "reset;after_tokens=6")
    assert (heard.left, heard.header("content-length")) == ("reset", str(len(usual)))
    assert usual.startswith(heard.body)
    assert len(heard.body) == len(usual) * 6 // 12


@pytest.mark.parametrize("body", [CHAT, STREAM], ids=["plain", "streamed"])
def test_a_reset_before_anything(fleet, body):
    with connected(fleet) as connection:
        connection.sendall(request(PATH, body, "reset;after_tokens=0"))
        with pytest.raises(ConnectionResetError):  # errno ECONNRESET
            connection.recv(1)


def test_a_cut_before_anything_is_a_plain_end(fleet):
    heard = ask(fleet, PATH, STREAM, "cut;after_tokens=0")
    assert (heard.left, heard.raw) == ("fin", b"")


def test_a_stall_lasts_as_long_as_it_is_told_to(fleet):
    heard = ask(fleet, PATH, STREAM, "stall;after_tokens=3;duration_ms=300")
    assert 0.28 < max(heard.gaps()) < 3
    before = b"".join(data for at, data in heard.parts if at < 0.25)
    assert before.count(b'"content":') == 4, "the opening and three tokens"
    heard = ask(fleet, PATH, CHAT, "stall;after_tokens=0;duration_ms=300")
    assert 0.28 < heard.parts[0][0] < 3, "at 0 the head waits too"
    assert heard.whole


def test_a_trickle_comes_in_parts_at_its_rate(fleet):
    usual = ask(fleet, PATH, CHAT).body
    heard = ask(fleet, PATH, CHAT, f"trickle;bytes_per_sec={len(usual) * 2}")
    assert heard.body == usual
    assert 0.4 < heard.parts[-1][0] < 3
    assert len(heard.parts) >= 8


def test_a_wrong_content_length_both_ways(fleet):
    usual = ask(fleet, PATH, CHAT).body
    more = ask(fleet, PATH, CHAT, "wrong_length;by_bytes=10")
    assert (more.left, more.rest, more.header("content-length")) == ("fin", usual, str(len(usual) + 10))
    with connected(fleet) as connection:
        less = hear(connection, request(PATH, CHAT, "wrong_length;by_bytes=-10"))
    assert (less.left, less.rest, less.header("content-length")) == ("fin", usual, str(len(usual) - 10))


def test_json_with_a_byte_that_json_has_not(fleet):
    usual = ask(fleet, PATH, CHAT).body
    heard = ask(fleet, PATH, CHAT, "malformed;after_tokens=5")
    assert heard.whole
    differing = [at for at, (one, other) in enumerate(zip(heard.body, usual, strict=True)) if one != other]
    assert [heard.body[at] for at in differing] == [0]
    assert differing[0] >= len(usual) * 5 // 12
    with pytest.raises(json.JSONDecodeError):
        json.loads(heard.body)


def test_a_whole_answer_that_ends_too_soon(fleet):
    for fault in ("truncated_json", "truncated_json;after_tokens=11", "missing_terminator"):
        heard = ask(fleet, PATH, CHAT, fault)
        assert heard.whole, fault
        with pytest.raises(json.JSONDecodeError):
            json.loads(heard.body)


def test_a_request_that_is_held_and_then_gets_nothing(fleet):
    with connected(fleet) as connection:
        begun = time.monotonic()
        heard = hear(connection, request(PATH, CHAT, "timeout;after_ms=300"))
    assert (heard.left, heard.raw) == ("fin", b"")
    assert 0.28 < time.monotonic() - begun < 3


def test_troubles_come_together(fleet):
    heard = ask(fleet, PATH, STREAM, "stall;after_tokens=3;duration_ms=200, reset;after_tokens=9")
    assert heard.header("x-llm-sim-fault") == "stall, reset"
    assert heard.left == "reset"
    assert max(heard.gaps()) > 0.18
    assert len(heard.chunks[0]) == 9
    heard = ask(fleet, PATH, CHAT, "rate_limit;retry_after_secs=3, wrong_length, stall;after_tokens=0;duration_ms=200")
    assert (heard.status, heard.left, heard.header("retry-after")) == (429, "fin", "3")
    assert int(heard.header("content-length")) == len(heard.rest) + 10
    assert heard.parts[0][0] > 0.18


FAULTS = [
    "cut;after_tokens=3;mid_frame=true", "stall;after_tokens=3;duration_ms=20", "trickle;bytes_per_sec=200000",
    "malformed;after_tokens=3", "truncated_json;after_tokens=3", "missing_terminator", "wrong_length",
    "error_event;after_tokens=3",
]  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_client_of_http_1_0_gets_no_chunks(fleet, fault):
    heard = ask(fleet, PATH, STREAM, fault, version="1.0")
    assert (heard.status, heard.left) == (200, "fin")
    assert heard.header("transfer-encoding") is None
    assert heard.rest == ask(fleet, PATH, STREAM, fault).body or "error_event" in fault
    assert re.fullmatch(rb"data: .*", heard.rest.splitlines()[0])
    assert not re.search(rb"^[0-9a-f]+\r$", heard.rest, re.MULTILINE)


def test_a_reset_of_http_1_0(fleet):
    assert ask(fleet, PATH, STREAM, "reset;after_tokens=3", version="1.0").left == "reset"


def test_a_head_request_is_refused_without_a_body_and_keeps_its_connection(fleet):
    with connected(fleet) as connection:
        asked = request("/v1/messages", None, "cut", "1.1", "HEAD")
        heard = hear(connection, asked, lambda it: b"\r\n\r\n" in it.raw)
        assert (heard.status, heard.rest) == (405, b"")
        assert hear(connection, request(PATH, CHAT), complete).status == 200


WELL_FORMED = [fault for fault in FAULTS if fault.partition(";")[0] not in ("cut", "wrong_length")]


@pytest.mark.parametrize("body", [CHAT, STREAM], ids=["plain", "streamed"])
@pytest.mark.parametrize("fault", WELL_FORMED)
def test_a_connection_serves_on_after_a_disturbed_answer_that_http_finds_whole(fleet, fault, body):
    with connected(fleet) as connection:
        first = hear(connection, request(PATH, body, fault), complete)
        assert first.header("x-llm-sim-fault") == fault.partition(";")[0]
        again = hear(connection, request(PATH, CHAT), complete)
    assert again.status == 200
    assert json.loads(again.body)["object"] == "chat.completion"


def test_a_request_behind_a_disturbed_one_is_answered_in_its_turn(fleet):
    ends = request("/v1/chat/completions", CHAT, "", "1.1", "POST", "connection: close")
    with connected(fleet) as connection:
        heard = hear(connection, request(PATH, STREAM, "stall;after_tokens=2;duration_ms=100") + ends)
    first, _, second = heard.raw.partition(b"\r\n0\r\n\r\n")
    assert first.endswith(b"data: [DONE]\n\n")
    assert json.loads(second.partition(b"\r\n\r\n")[2])["object"] == "chat.completion"
    with connected(fleet) as connection:
        heard = hear(connection, request(PATH, STREAM, "cut;after_tokens=2") + ends)
    assert heard.raw.count(b"HTTP/1.1") == 1, "nothing is answered behind a connection that is cut"


def test_a_client_that_leaves_amid_a_stall_frees_its_place_at_once(fleet):
    with connected(fleet) as connection:
        heard = hear(connection, request(PATH, STREAM, "stall;after_tokens=2;duration_ms=60000"), lambda it: it.parts)
        assert heard.status == 200
        leave(connection)
    assert idle(fleet) < 1
    with connected(fleet) as connection:
        connection.sendall(request(PATH, STREAM, "stall;after_tokens=0;duration_ms=60000"))
        wait_for(lambda: sum(worker["in_flight"] for worker in fleet.stats()["workers"]), "the stall")
    assert idle(fleet) < 1


def test_a_client_that_reads_nothing_of_a_disturbed_answer_is_left(fleet):
    # More than kernels take of what nobody reads: 100 choices with the chances of 20 tokens for each of theirs, 12 MB.
    long = {**STREAM, "max_tokens": 16_000, "n": 100, "logprobs": True, "top_logprobs": 20}
    with connected(fleet, receive_buffer=4096) as connection:
        connection.sendall(request(PATH, long, "stall;after_tokens=120;duration_ms=60000"))
        wait_for(lambda: sum(worker["in_flight"] for worker in fleet.stats()["workers"]), "the answer")
        assert idle(fleet) < WRITE_TIMEOUT + 3
        # A response that is complete would keep its connection; beside it there is the one that asks.
        wait_for(lambda: sum(worker["connections"] for worker in fleet.stats()["workers"]) == 1, "the end", 2)


def test_a_stall_does_not_outlast_the_time_of_a_response(fleet):
    assert fleet.ask("/admin/config", {"server": {"request_timeout_secs": 0.3}}).status == 200
    try:
        for body in (STREAM, CHAT):
            with connected(fleet) as connection:
                begun = time.monotonic()
                heard = hear(connection, request(PATH, body, "stall;after_tokens=3;duration_ms=60000"))
                assert 0.28 < time.monotonic() - begun < 3
                assert heard.left == "fin"
                assert not heard.whole
    finally:
        fleet.ask("/admin/config", method="DELETE")


def test_a_worker_that_stops_amid_stalls_ends_them_in_band(tmp_path):
    config = {"server": {"shutdown_timeout_secs": 0.3}}
    stall = "stall;after_tokens=3;duration_ms=60000"
    asked = {
        "chat": (PATH, STREAM, stall),
        "responses": (*DIALECTS["responses"], stall),
        "anthropic": (*DIALECTS["anthropic"], stall),
        "whole": (PATH, CHAT, stall),
        "nothing": (PATH, CHAT, "stall;after_tokens=0;duration_ms=60000"),
        "cut": (PATH, STREAM, f"{stall}, cut;after_tokens=5"),
    }
    found = {}

    def listen(name):
        with connected(running) as connection:
            found[name] = hear(connection, request(*asked[name]), complete)

    with Simulator(tmp_path, "--latency", "none", config=config, workers=2) as running:
        usual = {name: ask(running, *given[:2]).body for name, given in asked.items()}
        threads = [threading.Thread(target=listen, args=(name,)) for name in asked]
        for thread in threads:
            thread.start()
        wait_for(lambda: sum(worker["in_flight"] for worker in running.stats()["workers"]) == len(asked), "the stalls")
        running.process.send_signal(signal.SIGTERM)
        for thread in threads:
            thread.join(10)
        assert running.process.wait(10) == 0
    assert {name: heard.whole for name, heard in found.items()} == dict.fromkeys(asked, True)
    assert (found["nothing"].status, found["nothing"].header("retry-after") is None) == (503, False)
    assert found["whole"].body == usual["whole"]
    assert b"overloaded" in events(found["anthropic"].body)[-1]
    assert b'"error"' in events(found["chat"].body)[-1]
    told = [json.loads(event)["sequence_number"] for event in events(found["responses"].body)]
    assert told == list(range(len(told))), "the events that end it go on counting"
    for name in ("chat", "responses", "anthropic", "cut"):
        assert all(map(readable, events(found[name].body)))
