"""A log and what is made of it: requests to send, keys in the place of keys, and what differs."""

import json

import pytest

from simulator.replay.again import Keys, asked_again, left_out, uncompared
from simulator.replay.compare import differences
from simulator.replay.log import Expected, Keyed, Recorded, read
from simulator.replay.report import as_data, as_text, summary_of
from simulator.replay.response import Got
from simulator.replay.run import Outcome, Settings
from simulator.server.recording.record import Record, line_of

URL = "http://127.0.0.1:8080"
LATE = "requests were sent up to 0.400 s late"
BODY = b'{"model": "gpt-4o"}'


def record(**changes):
    given = {
        "number": 3,
        "time": 12.5,
        "method": "POST",
        "path": "/v1/chat/completions",
        "query": "",
        "headers": {"host": "old", "authorization": "Bearer [redacted]", "x-team": "red", "content-length": "999"},
        "key": "c341",
        "status": 200,
        "reason": "",
        "address": "0.2/17",
        "size": len(BODY),
        "cut": False,
        "seed": 42,
        "planned": True,
        "answer": Expected("d1", 100, 0.5, 1.5, "complete"),
        "body": BODY.decode(),
    }
    return Recorded(**{**given, **changes})


def got(**changes):
    headers = {"x-llm-sim-seed": "42", "x-llm-sim-shard": "0.2", "x-llm-sim-sequence": "17"}
    given = {"status": 200, "headers": headers, "digest": "d1", "size": 100, "first": 0.51, "last": 1.52}
    return Got(**{**given, "ending": "complete", **changes})


def sent(one, *, fresh=False, keys=()):
    raw = asked_again(one, URL, Keys(keys, {one.key}).of(one), fresh=fresh)
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    return first, dict(line.split(": ", 1) for line in lines), body


def test_a_line_of_the_journal_is_read_as_it_was_written():
    written = Record(
        number=7, time_us=1_500_000, provider="openai", endpoint="chat_completions", model="gpt-4o", method="POST",
        path="/v1/chat/completions", query="a=b", headers={"x": "y"}, scope="c341", status=0, reason="timeout",
        streamed=True, input_tokens=1, output_tokens=2, address="0.1/2", size=3, body=b"\xff\x00\x01", seed=9,
        key="k", retry=2, circumstances="n.a=1", struck=("a",), planned=True,
    )  # fmt: skip
    (found,) = read([line_of(written), b""])
    assert (found.number, found.time, found.status, found.content) == (7, 1.5, None, b"\xff\x00\x01")
    assert (found.keyed, found.circumstances, found.struck) == (Keyed("k", 2), "n.a=1", ("a",))
    assert found.answer is None


def test_a_log_is_read_in_the_order_of_arrival_and_names_the_line_at_fault():
    lines = [json.dumps({**json.loads(line_of_(number)), "time": time}).encode() for number, time in ((1, 2), (2, 1))]
    assert [one.number for one in read(lines)] == [2, 1]
    for bad in (b"{", b'{"number": 1}', lines[0].replace(b'"POST"', b'"POST / HTTP/1.1"'), b"\xff"):
        with pytest.raises(ValueError, match="line 2 is no recorded request"):
            read([lines[0], bad])
    broken = json.loads(lines[0]) | {"body_base64": "not base64!"}
    with pytest.raises(ValueError, match="body_base64"):
        read([json.dumps(broken).encode()])


def line_of_(number):
    import msgspec

    return msgspec.json.encode(record(number=number))


def test_a_request_is_asked_again_at_its_address():
    one = record(circumstances="t.a=1.000", keyed=Keyed("k", 1))
    first, lines, body = sent(one)
    assert first == "POST /v1/chat/completions HTTP/1.1"
    assert body == BODY
    assert lines == {
        "host": "127.0.0.1:8080",
        "authorization": "Bearer sk-replay-c341",
        "x-team": "red",
        "content-length": str(len(BODY)),
        "connection": "close",
        "x-llm-sim-replay": "0.2/17",
        "x-llm-sim-circumstances": "t.a=1.000",
    }
    _, fresh, _ = sent(one, fresh=True)
    assert not {"x-llm-sim-replay", "x-llm-sim-circumstances"} & fresh.keys()


def test_keys_are_those_that_are_given_and_otherwise_told_apart():
    one = record(query="key=[redacted]&alt=sse", headers={"x-api-key": "[redacted]", "cookie": "[redacted]"})
    first, lines, _ = sent(one, keys=["sk one"])
    assert (first.split()[1], lines["x-api-key"]) == ("/v1/chat/completions?key=sk%20one&alt=sse", "sk one")
    assert "cookie" not in lines
    keys = Keys(["sk-all", "c341=sk-own"], {"c341", "beef"})
    assert (keys.of(record()), keys.of(record(key="beef"))) == ("sk-own", "sk-all")
    assert Keys(["a=b"], {"c341"}).of(record()) == "a=b", "a key may have a sign of equality"
    for wrong in (["one", "two"], ["c341=\r\nx: y"]):
        with pytest.raises(ValueError, match="--key"):
            Keys(wrong, {"c341"})


def test_a_log_cannot_smuggle_a_header_or_a_line():
    first, lines, _ = sent(record(path="/a b\r\nx: y", query="q=\r\n ", headers={"a\r\nb": "c", "d": "e\r\nf: g"}))
    assert first.count(" ") == 2
    assert not {"x", "b", "f", "d"} & lines.keys()


def test_what_is_not_sent_or_not_compared():
    assert left_out(record(cut=True, body="{")) == "only 1 of 19 bytes of its body were kept"
    assert left_out(record()) == ""
    assert uncompared(record(), fresh=False) == ""
    assert "not keyed" in uncompared(record(), fresh=True)
    assert uncompared(record(keyed=Keyed("", 0)), fresh=True) == ""
    assert "beside it" in uncompared(record(planned=False, reason="rate_limit", status=429), fresh=False)
    assert uncompared(record(planned=True, reason="rate_limit", status=429), fresh=False) == ""


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({}, []),
        ({"first": 0.4951, "last": 1.4951}, []),
        ({"status": 500}, ["status"]),
        ({"status": None, "headers": {}}, ["status"]),
        ({"digest": "d2"}, ["body"]),
        ({"ending": "reset"}, ["ending"]),
        ({"first": 0.9}, ["first byte"]),
        ({"first": 0.4, "last": 1.8}, ["first byte", "end"]),
        ({"headers": {**got().headers, "x-llm-sim-seed": "7"}}, ["seed"]),
        ({"headers": {**got().headers, "x-llm-sim-fault": "storm"}}, ["failures"]),
        ({"headers": {**got().headers, "x-llm-sim-sequence": "18"}}, ["address"]),
        ({"headers": {**got().headers, "x-llm-sim-circumstances": "load=3"}}, ["circumstances"]),
    ],
)
def test_every_difference_is_found_and_named(changes, what):
    assert [one.what for one in differences(record(), got(**changes), 0.25, fresh=False)] == what


def test_a_fresh_run_has_other_addresses_and_other_numbers_in_its_errors():
    moved = got(headers={**got().headers, "x-llm-sim-sequence": "18"})
    assert differences(record(), moved, 0.25, fresh=True) == []
    error = record(status=500, answer=Expected("d1", 100, 0.5, 1.5, "complete", names_request=True))
    assert differences(error, got(status=500, digest="d2"), 0.25, fresh=True) == []
    freed = record(answer=Expected("", 100, 0.5, 1.5, "complete"))
    assert differences(freed, got(digest="another"), 0.25, fresh=False) == []
    assert [one.what for one in differences(freed, got(size=99), 0.25, fresh=False)] == ["size"]
    assert [one.what for one in differences(error, got(status=500, size=99), 0.25, fresh=True)] == ["size"]
    assert [one.what for one in differences(record(), got(digest="d2"), 0.25, fresh=True)] == ["body"]


def test_the_report_counts_and_names():
    found = differences(record(), got(status=500), 0.25, fresh=False)
    outcomes = [
        Outcome(record(number=1), sent=True),
        Outcome(record(number=2), sent=True, differences=found, late=0.4),
        Outcome(record(number=3), sent=True, why="for a reason"),
        Outcome(record(number=4), sent=False, why="cut"),
    ]
    summary = summary_of(outcomes)
    assert (summary.requests, summary.sent, summary.same, summary.different) == (4, 3, 1, 1)
    assert (summary.uncompared, summary.left_out, summary.late) == (1, 1, 0.4)
    assert as_text(outcomes, URL).splitlines() == [
        "differs     #2 POST /v1/chat/completions 0.2/17",
        "  status        200 → 500",
        "uncompared  #3 POST /v1/chat/completions 0.2/17: for a reason",
        "left out    #4 POST /v1/chat/completions 0.2/17: cut",
        f"3 requests sent to {URL}: 1 the same, 1 differs, 1 not compared, 1 left out; {LATE}",
    ]
    data = as_data(outcomes, URL, Settings(speed=None))
    assert (data["speed"], data["different"], [one["number"] for one in data["found"]]) == ("max", 1, [2, 3, 4])
    assert data["found"][0]["differences"] == [{"what": "status", "recorded": "200", "came": "500"}]
