"""Every response tells its address, and the address tells the response: conditions repeat, explain and replay agree."""

import json
import subprocess
import sys

from requests200 import REQUESTS

CONDITIONS = {
    "simulation": {"latency_scale": 0.01},
    "providers": {
        "gpt-4o": {
            "latency": {
                "ttft": {"distribution": "log_normal", "p50_ms": 800, "p95_ms": 1500, "p99_ms": 2500},
                "itl": {"distribution": "normal", "mean_ms": 20, "std_dev_ms": 5},
            },
            "errors": {
                "rate_limit": {"probability": 0.2, "retry_after_secs": 3},
                "server_error": {"probability": 0.2},
                "overloaded": {"probability": 0.1},
            },
        }
    },
}
BODY = {"model": "gpt-4o", "messages": [{"role": "user", "content": "the same every time"}]}


def seen(answer):
    """What of a response depends on its conditions."""
    return (answer.status, answer.headers.get("openai-processing-ms"), answer.headers["x-request-id"])


def observe(simulator, count, headers=None):
    found = {}
    for _ in range(count):
        answer = simulator.ask("/v1/chat/completions", BODY, headers)
        found[answer.address] = seen(answer)
    return found


def test_conditions_repeat_per_shard_and_differ_between_shards(serve):
    first, second = (observe(serve(workers=2, config=CONDITIONS), 80) for _ in range(2))
    common = first.keys() & second.keys()
    assert len(common) > 40
    assert {address: first[address] for address in common} == {address: second[address] for address in common}
    assert {status for status, _, _ in first.values()} == {200, 429, 500, 503}
    by_shard = [[value[:2] for (shard, _), value in sorted(first.items()) if shard == name] for name in ("0.0", "0.1")]
    assert by_shard[0][:20] != by_shard[1][:20]


def test_a_replayed_address_brings_its_conditions_back_on_any_worker(serve):
    simulator = serve(workers=2, config=CONDITIONS)
    for (shard, sequence), before in observe(simulator, 20).items():
        answer = simulator.ask("/v1/chat/completions", BODY, {"x-llm-sim-replay": f"{shard}/{sequence}"})
        assert seen(answer) == before
        assert answer.address == (shard, sequence)


def test_keyed_conditions_depend_on_the_request_alone(serve):
    config = {**CONDITIONS, "simulation": {"latency_scale": 0.01, "conditions": "request"}}
    one, two = serve(workers=1, config=config), serve(workers=2, config=config)
    for path, body, _ in REQUESTS[:10]:
        asked = {**body, "model": "gpt-4o"}
        statuses = {simulator.ask(path, asked).status for simulator in (one, two, one, two)}
        assert len(statuses) == 1
    outcomes = {
        (key, retry): one.ask("/v1/chat/completions", BODY, {"x-llm-sim-key": key, "x-stainless-retry-count": retry})
        for key in "abcdef"
        for retry in "012"
    }
    again = {
        (key, retry): two.ask("/v1/chat/completions", BODY, {"x-llm-sim-key": key, "x-stainless-retry-count": retry})
        for key, retry in outcomes
    }
    assert {k: seen(v)[:2] for k, v in outcomes.items()} == {k: seen(v)[:2] for k, v in again.items()}
    assert len({answer.status for answer in outcomes.values()}) > 1, "a retry can succeed"


def explain(simulator, folder, body, answer, *more):
    """`llm-simulator explain` from the response's headers alone."""
    (folder / "body.json").write_text(json.dumps(body))
    (folder / "headers.txt").write_text("\n".join(f"{name}: {value}" for name, value in answer.headers.items()))
    command = [sys.executable, "-m", "simulator", "explain", "--json", "--config", str(simulator.config_path)]
    files = ["--request", str(folder / "body.json"), "--headers", str(folder / "headers.txt")]
    done = subprocess.run([*command, *files, *more], capture_output=True, check=True)
    return json.loads(done.stdout)


def test_explain_reproduces_20_responses_from_their_headers(serve, tmp_path):
    simulator = serve("--seed", "777", workers=2, config=CONDITIONS)
    answered = 0
    for i in range(20):
        path, body, headers = REQUESTS[i] if i % 2 else REQUESTS[90 + i]
        body = {**body, "stream": False}
        if i % 2:
            body["model"] = "gpt-4o"
        answer = simulator.ask(path, body, headers)
        plan = explain(simulator, tmp_path, body, answer, "--path", path)
        assert (f"{plan['address']['pod']}.{plan['address']['worker']}", plan["address"]["sequence"]) == answer.address
        if answer.status != 200:
            assert plan["fault"]["kind"] == {429: "rate_limit", 500: "server_error", 503: "overloaded"}[answer.status]
            continue
        answered += 1
        given = answer.json()
        if path == "/v1/messages":
            assert [choice["text"] for choice in plan["choices"]] == [block["text"] for block in given["content"]]
            assert plan["usage"]["output_tokens"] == given["usage"]["output_tokens"]
            assert plan["usage"]["input_tokens"] == given["usage"]["input_tokens"]
        else:
            assert [c["text"] for c in plan["choices"]] == [c["message"]["content"] for c in given["choices"]]
            assert plan["usage"]["output_tokens"] == given["usage"]["completion_tokens"]
            assert plan["usage"]["input_tokens"] == given["usage"]["prompt_tokens"]
            assert int(plan["timeline"][-1] * 1000) == int(answer.headers["openai-processing-ms"])
        assert len(plan["timeline"]) == max(len(choice["tokens"]) for choice in plan["choices"])
        assert plan["timeline"] == sorted(plan["timeline"])
    assert answered >= 5


def test_every_response_tells_its_address(serve):
    simulator = serve("--latency", "none", workers=2)
    for path, body, method in (
        ("/v1/models", None, None),
        ("/v1/nowhere", None, None),
        ("/v1/chat/completions", b"{", None),
        ("/v1/chat/completions", None, "GET"),
        ("/v1/messages", b"[]", None),
    ):
        answer = simulator.ask(path, body, method=method)
        assert answer.headers["x-llm-sim-seed"] == "42"
        assert answer.address


def test_a_replay_or_key_that_cannot_be_read_is_refused(serve):
    simulator = serve("--latency", "none", workers=1)
    for headers in ({"x-llm-sim-replay": "nonsense"}, {"x-llm-sim-key": "two words"}, {"x-llm-sim-key": "x" * 201}):
        answer = simulator.ask("/v1/chat/completions", BODY, headers)
        assert answer.status == 400
        assert next(iter(headers)) in answer.json()["error"]["message"]
