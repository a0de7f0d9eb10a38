"""Responses of a real fleet had again: by their headers alone, by `explain`, and by the command."""

import json
from concurrent.futures import ThreadPoolExecutor

import anthropic
import openai
import pytest
from click.testing import CliRunner
from replay_asking import ask_all, chat, message, replaying, seen
from serving import Simulator

from simulator.cli import cli

SLOW = {"latency_scale": 0.02, "recording": {"enabled": True, "max_body_bytes": 3_000}}
MIXED = {
    "simulation": SLOW,
    "errors": {"server_error": {"probability": 0.05}},
    "faults": {
        "storm": {"kind": "rate_limit", "probability": 0.4, "window": {"for_secs": 0.3, "every_secs": 0.4}},
        "nth": {"kind": "unavailable", "every": 9},
        "first": {"kind": "overloaded", "first": 7, "when": {"model": "gpt-4o"}},
        "flaky": {"kind": "bad_gateway", "burst": {"begin": 0.2, "end": 0.4}, "probability": 0.8},
        "ramp": {"kind": "malformed", "probability": 0.5, "ramp": {"over_secs": 3}},
        "reset": {"kind": "reset", "probability": 0.1},
        "cut": {"kind": "cut", "probability": 0.08, "mid_frame": True},
        "stall": {"kind": "stall", "probability": 0.1, "duration_ms": 80},
        "length": {"kind": "wrong_length", "by_bytes": -3, "probability": 0.05},
        "event": {"kind": "error_event", "probability": 0.25, "error": "overloaded"},
        "hold": {"kind": "timeout", "after_ms": 20, "probability": 0.08},
    },
}
FILES = (".jsonl", ".json", ".txt")
REQUESTS = [(chat, message)[number % 2](number, stream=number % 4 > 1) for number in range(120)]


def run(folder, *arguments):
    """The command, in this process; its exit code, output and errors. A file is one of the folder's."""
    given = [str(folder / each) if each.endswith(FILES) else each for each in arguments]
    result = CliRunner().invoke(cli, given)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    with Simulator(tmp_path_factory.mktemp("mixed"), config=MIXED, workers=3) as running:
        yield running


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The same configuration, and another number of workers."""
    with Simulator(tmp_path_factory.mktemp("alone"), config=MIXED, workers=1) as running:
        yield running


@pytest.fixture(scope="module")
def answers(fleet):
    """What the fleet answered to the requests."""
    return ask_all(fleet.url, REQUESTS)


def test_a_response_is_had_again_from_its_headers_on_another_fleet(answers, alone):
    told = [number for number, got in enumerate(answers) if got.status]
    assert len(told) > 100
    again = ask_all(alone.url, [(*REQUESTS[number], replaying(answers[number])) for number in told])
    for number, got in zip(told, again, strict=True):
        before = answers[number]
        assert seen(got) == seen(before), REQUESTS[number]
        for name in ("shard", "sequence", "seed", "circumstances"):
            assert got.headers.get(f"x-llm-sim-{name}") == before.headers.get(f"x-llm-sim-{name}")
        assert got.headers.get("openai-processing-ms") == before.headers.get("openai-processing-ms")


def test_the_run_had_failures_of_every_sort(answers):
    struck = {name for got in answers for name in got.headers.get("x-llm-sim-fault", "").split(", ")}
    assert struck >= {"storm", "nth", "first", "flaky", "stall", "event", "ramp"}
    assert {got.ending for got in answers} == {"complete", "close", "reset"}
    assert {got.status for got in answers} >= {200, 429, 503, None}


def test_explain_tells_what_struck_from_the_headers(answers, fleet, tmp_path):
    """Two answers that failed and had circumstances: one of a stream that was disturbed, one that was refused."""
    disturbed = next(n for n, got in enumerate(answers) if "stall" in got.headers.get("x-llm-sim-fault", ""))
    refused = next(n for n, got in enumerate(answers) if got.headers.get("x-llm-sim-fault", "") in ("storm", "first"))
    for number in (disturbed, refused):
        path, body = REQUESTS[number]
        headers = answers[number].headers
        (tmp_path / "body.json").write_text(json.dumps(body))
        (tmp_path / "headers.txt").write_text("".join(f"{name}: {value}\n" for name, value in headers.items()))
        given = (
            "--config",
            str(fleet.config_path),
            "--request",
            "body.json",
            "--headers",
            "headers.txt",
            "--path",
            path,
        )
        code, out, err = run(tmp_path, "explain", "--json", *given)
        assert code == 0, err
        plan = json.loads(out)
        assert ", ".join(plan["struck"]) == headers["x-llm-sim-fault"]
        assert plan["circumstances"] == headers["x-llm-sim-circumstances"]
        assert bool(plan["disturbances"]) == (number == disturbed)
        assert ("fault" in plan) == (answers[number].status >= 400)


def test_the_log_is_the_run_and_replays_without_a_difference(answers, fleet, alone, tmp_path):
    assert answers
    code, out, err = run(tmp_path, "replay", "run.jsonl", "--from", fleet.url)
    assert (code, out) == (0, "")
    assert err == f"{tmp_path / 'run.jsonl'}: {len(REQUESTS)} requests\n"
    lines = (tmp_path / "run.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    assert all(record["planned"] and record["answer"] for record in records)
    assert "sk-test" not in "".join(lines)
    by_address = {record["address"]: record for record in records}
    for got in answers:
        if got.status:
            record = by_address[f"{got.headers['x-llm-sim-shard']}/{got.headers['x-llm-sim-sequence']}"]
            assert (record["status"], record["answer"]["ending"]) == (got.status, got.ending)
            assert (record["answer"]["digest"], record["answer"]["size"]) == (got.digest, got.size)
            assert ", ".join(record["struck"]) == got.headers.get("x-llm-sim-fault", "")
            assert record["answer"]["last"] - 0.002 <= got.last < record["answer"]["last"] + 5
    code, out, err = run(tmp_path, "replay", "run.jsonl", "--url", alone.url, "--speed", "max", "--tolerance", "5")
    assert (code, err) == (0, ""), out + err
    assert out == f"{len(REQUESTS)} requests sent to {alone.url}: {len(REQUESTS)} the same, 0 differ\n"


def test_differences_are_told_request_by_request(answers, fleet, four, tmp_path):
    """The log against a fleet whose failures are others, and with another seed."""
    assert answers
    run(tmp_path, "replay", "run.jsonl", "--from", fleet.url)
    lines = (tmp_path / "run.jsonl").read_text().splitlines(keepends=True)[:30]
    (tmp_path / "run.jsonl").write_text("".join(lines))
    code, out, _ = run(tmp_path, "replay", "run.jsonl", "--url", four.url, "--speed", "max", "--json")
    found = json.loads(out)
    assert (code, found["different"], found["same"]) == (1, 30, 0)
    named = [one["what"] for each in found["found"] for one in each["differences"]]
    assert {"status", "seed", "failures"} <= set(named)
    assert all(" → " not in one["recorded"] for each in found["found"] for one in each["differences"])


def test_what_was_cut_is_left_out_and_refusals_are_had_again(fleet, tmp_path):
    long = (*chat(1, user="x" * 5_000), {"x-llm-sim-test": "others"})
    wrong = (chat(1)[0], b'{"model": "gpt-4o"}', {"x-llm-sim-test": "others"})
    unknown = ("/v1/messages", {"model": "no-such", "max_tokens": 5, "messages": []}, {"x-llm-sim-test": "others"})
    assert [got.status for got in ask_all(fleet.url, [wrong, unknown])] == [400, 400]
    ask_all(fleet.url, [long])
    page = fleet.ask("/admin/requests?test=others&format=jsonl")
    assert page.headers["content-type"] == "application/jsonl"
    (tmp_path / "run.jsonl").write_bytes(page.body)
    code, out, _ = run(tmp_path, "replay", "run.jsonl", "--url", fleet.url)
    assert code == 0, out
    *named, last = out.splitlines()
    assert last == f"2 requests sent to {fleet.url}: 2 the same, 0 differ, 1 left out"
    assert len(named) == 1
    assert named[0].endswith("bytes of its body were kept")
    assert fleet.ask("/admin/requests?format=csv").status == 400
    assert fleet.ask("/admin/requests?test=others&format=jsonl&limit=1").body.count(b"\n") == 1


def test_errors_of_the_command_are_one_clear_line(fleet, tmp_path):
    (tmp_path / "bad.jsonl").write_text("{}\n")
    (tmp_path / "good.jsonl").write_text("")
    for arguments, words in (
        (("bad.jsonl", "--url", fleet.url), "bad.jsonl: line 1 is no recorded request"),
        (("none.jsonl", "--url", fleet.url), "none.jsonl cannot be read"),
        (("good.jsonl", "--url", "http://127.0.0.1:1"), "http://127.0.0.1:1 does not answer"),
        (("good.jsonl", "--url", f"{fleet.url}/admin"), "answers no llm-simulator"),
    ):
        code, out, err = run(tmp_path, "replay", *arguments)
        assert (code, out) == (1, "")
        assert words in err
        assert len(err.splitlines()) == 1
    for arguments in (
        ("good.jsonl", "--speed", "0"),
        ("good.jsonl", "--url", "nonsense"),
        ("good.jsonl", "--from", "x"),
    ):
        code, _, err = run(tmp_path, "replay", *arguments)
        assert code == 2, err


@pytest.fixture(scope="module")
def four(tmp_path_factory):
    """Four workers whose failures strike the first requests, or the first tries."""
    config = {
        "simulation": {"latency": "none", "recording": {"enabled": True}},
        "faults": {
            "first": {"kind": "overloaded", "first": 13, "when": {"model": "gpt-4o-mini"}},
            "once": {"kind": "rate_limit", "first": 1, "when": {"model": "gpt-4o"}},
            "also": {"kind": "overloaded", "first": 1, "when": {"provider": "anthropic"}},
        },
    }
    with Simulator(tmp_path_factory.mktemp("four"), "--seed", "7", config=config, workers=4) as running:
        yield running


def test_the_first_n_of_the_fleet_are_exactly_n(four):
    asked = [chat(number, model="gpt-4o-mini") for number in range(150)]
    answered = ask_all(four.url, asked, at_once=32)
    counts = [int(got.headers["x-llm-sim-circumstances"].partition("=")[2]) for got in answered]
    assert sorted(counts) == list(range(1, 151))
    assert {count for count, got in zip(counts, answered, strict=True) if got.status == 503} == set(range(1, 14))
    assert len({got.headers["x-llm-sim-shard"] for got in answered}) > 1


OTHERS = [
    ("/v1/embeddings", {"model": "text-embedding-3-small", "input": "words"}),
    ("/v1/completions", {"model": "gpt-3.5-turbo-instruct", "prompt": "Once", "stream": True}),
    ("/v1/responses", {"model": "gpt-4.1", "input": "Hi", "stream": True}),
    ("/v1/moderations", {"model": "omni-moderation-latest", "input": "words"}),
    ("/v1/images/generations", {"model": "gpt-image-1", "prompt": "a cat"}),
    ("/v1beta/models/gemini-2.5-flash:generateContent", {"contents": [{"parts": [{"text": "Hi"}]}]}),
    ("/v1beta/models/gemini-2.5-flash:streamGenerateContent", {"contents": [{"parts": [{"text": "Hi"}]}]}),
    ("/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse", {"contents": [{"parts": [{"text": "Hi"}]}]}),
    ("/v2/chat", {"model": "command-r-plus", "messages": [{"role": "user", "content": "Hi"}], "stream": True}),
    ("/v2/embed", {"model": "embed-v4.0", "texts": ["a"], "input_type": "search_query", "embedding_types": ["float"]}),
    ("/api/chat", {"model": "llama3.2", "messages": [{"role": "user", "content": "Hi"}]}),
    ("/openai/deployments/gpt-4o-mini/chat/completions?api-version=2024-10-21", chat(1)[1]),
    (
        "/mistral/v1/chat/completions",
        {"model": "mistral-large-latest", "messages": [{"role": "user", "content": "Hi"}]},
    ),
    ("/v1/messages/count_tokens", {"model": "claude-sonnet-4-5", "messages": [{"role": "user", "content": "Hi"}]}),
    ("/v1/messages", {"model": "claude-sonnet-4-5", "max_tokens": 0}),
    ("/v1/nowhere", {"any": "thing"}),
]


def test_every_dialect_says_again_what_it_said(four, tmp_path):
    answered = ask_all(four.url, [(*request, {"x-llm-sim-test": "dialects"}) for request in OTHERS])
    assert sum(got.status == 200 for got in answered) > 10, [got.status for got in answered]
    (tmp_path / "run.jsonl").write_bytes(four.ask("/admin/requests?test=dialects&format=jsonl").body)
    for line in (tmp_path / "run.jsonl").read_text().splitlines():
        assert json.loads(line)["answer"] is not None or "nowhere" in line
    code, out, _ = run(tmp_path, "replay", "run.jsonl", "--url", four.url, "--speed", "max", "--tolerance", "5")
    assert (code, out) == (0, f"{len(OTHERS)} requests sent to {four.url}: {len(OTHERS)} the same, 0 differ\n")


def test_a_keyed_retry_of_the_official_clients_succeeds_always(four):
    """`first: 1` fails the first try of each request, whichever of four workers gets it."""
    hello = [{"role": "user", "content": "Hello"}]

    def texts(number):
        headers = {"x-llm-sim-key": f"key-{number}", "x-llm-sim-test": "keyed"}
        given = {"api_key": "sk-test", "max_retries": 2, "default_headers": headers}
        with openai.OpenAI(base_url=f"{four.url}/v1", **given) as client:
            said = client.chat.completions.create(model="gpt-4o", messages=hello).choices[0].message.content
        with anthropic.Anthropic(base_url=four.url, **given) as client:
            return said, client.messages.create(model="claude-sonnet-4-6", max_tokens=50, messages=hello).content[
                0
            ].text

    with ThreadPoolExecutor(6) as clients:
        assert len(set(clients.map(texts, range(6)))) == 1
    found = four.ask("/admin/requests?limit=100&test=keyed").json()["requests"]
    tries = sorted((each["provider"], each["keyed"]["key"], each["keyed"]["retry"], each["status"]) for each in found)
    assert tries == sorted(
        (provider, f"key-{number}", retry, status if retry == 0 else 200)
        for provider, status in (("openai", 429), ("anthropic", 529))
        for number in range(6)
        for retry in (0, 1)
    )
