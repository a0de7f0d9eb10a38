"""The application through plain ASGI, in one process: every route, and what the fallback of `play` does."""

import asyncio

import pytest
from asgi_client import ask, call, make

from simulator.config.faults import ConfigError
from simulator.config.load import load
from simulator.server.app import create_app

CHAT = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]}
MESSAGE = {"model": "claude-sonnet-4-5", "max_tokens": 50, "messages": [{"role": "user", "content": "Hello"}]}
VERSION = ((b"anthropic-version", b"2023-06-01"),)


@pytest.fixture(scope="module")
def app():
    return make(simulation__latency="none")


def test_chat_plain_and_streamed_are_the_same_text(app):
    plain = ask(app, "POST", "/v1/chat/completions", CHAT)
    assert plain.status == 200
    assert plain.headers["content-length"] == str(len(plain.body))
    assert plain.headers["x-llm-sim-shard"] == "0.0"
    streamed = ask(app, "POST", "/v1/chat/completions", {**CHAT, "stream": True})
    assert streamed.headers["content-type"].startswith("text/event-stream")
    assert streamed.body.endswith(b"data: [DONE]\n\n")


def test_anthropic(app):
    plain = ask(app, "POST", "/v1/messages", MESSAGE, VERSION)
    assert plain.status == 200
    count = ask(app, "POST", "/v1/messages/count_tokens", {k: MESSAGE[k] for k in ("model", "messages")}, VERSION)
    assert count.json() == {"input_tokens": plain.json()["usage"]["input_tokens"]}


def test_models_are_listed_in_the_shape_of_whoever_asks(app):
    openai = ask(app, "GET", "/v1/models").json()
    assert openai["object"] == "list"
    ids = {model["id"] for model in openai["data"]}
    assert {"gpt-4o", "gpt-4o-2024-08-06", "text-embedding-3-small"} <= ids
    assert not any(name.startswith("claude") for name in ids)
    anthropic = ask(app, "GET", "/v1/models?limit=2", headers=VERSION).json()
    assert len(anthropic["data"]) == 2
    assert anthropic["has_more"] is True
    assert ask(app, "GET", "/v1/models/gpt-4o").json()["id"] == "gpt-4o"
    one = ask(app, "GET", "/v1/models/claude-sonnet-4-5", headers=VERSION)
    assert one.json()["type"] == "model"
    assert ask(app, "GET", "/v1/models/no-such").status == 404
    refused = ask(app, "POST", "/v1/models")
    assert (refused.status, refused.headers["allow"]) == (405, "GET, HEAD")


def test_a_wrong_method_is_told_the_right_one(app):
    for path, allowed in (("/v1/chat/completions", "GET, POST, HEAD"), ("/v1/messages", "POST")):
        refused = ask(app, "PUT", path)
        assert (refused.status, refused.headers["allow"]) == (405, allowed)
        assert "allow" not in ask(app, "POST", path, b"{").headers


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/v1/chat/completions", {**CHAT, "model": "no-such"}, 404, "model_not_found"),
        ("/v1/chat/completions", {**CHAT, "model": "claude-sonnet-4-5"}, 404, "model_not_found"),
        ("/v1/chat/completions", {**CHAT, "model": "text-embedding-3-small"}, 404, "model_not_found"),
        ("/v1/chat/completions", {**CHAT, "max_tokens": 10**6}, 400, "invalid_value"),
        (
            "/v1/chat/completions",
            {"model": "gpt-4", "messages": [{"role": "user", "content": "word " * 9000}]},
            400,
            "context_length_exceeded",
        ),
        ("/v1/embeddings", {"model": "text-embedding-3-small", "input": "x", "dimensions": 9999}, 400, None),
        ("/v1/embeddings", {"model": "text-embedding-ada-002", "input": "x", "dimensions": 5}, 400, None),
        ("/v1/nowhere", {}, 404, None),
    ],
)
def test_refusals(app, path, body, status, code):
    answer = ask(app, "POST", path, body)
    assert answer.status == status, answer.body
    assert answer.json()["error"]["code"] == code
    assert answer.headers["x-request-id"].startswith("req_")


def test_unknown_models_are_answered_where_that_is_configured():
    app = make(simulation__latency="none", models__allow_unknown=True)
    for model in ("my-own-model", "my-own-model", "another"):
        answer = ask(app, "POST", "/v1/chat/completions", {**CHAT, "model": model})
        assert answer.json()["model"] == model


def test_an_unknown_path_is_refused_in_anthropics_shape_for_its_clients(app):
    answer = ask(app, "POST", "/v1/nowhere", {}, VERSION)
    assert answer.status == 404
    assert answer.json()["type"] == "error"


def test_control_pages(app):
    health = ask(app, "GET", "/health").json()
    assert health["status"] in {"healthy", "unhealthy"}
    assert ask(app, "GET", "/live").status == 200
    assert ask(app, "DELETE", "/live").status == 405
    assert b"llm_simulator_build_info" in ask(app, "GET", "/metrics").body
    stats = ask(app, "GET", "/admin/stats").json()
    assert stats["totals"]["in_flight"] == 0
    shown = ask(app, "GET", "/admin/config").json()
    assert shown["config"]["simulation"]["latency"] == "none"
    assert shown["origins"]["simulation.latency"]


def test_ready_follows_the_lifespan():
    async def live():
        app = make(simulation__latency="none")
        before = (await call(app, "GET", "/ready")).status
        messages = asyncio.Queue()
        sent = []
        started = asyncio.Event()

        async def send(message):
            sent.append(message["type"])
            started.set()

        await messages.put({"type": "lifespan.startup"})
        task = asyncio.ensure_future(app({"type": "lifespan", "state": {}}, messages.get, send))
        await started.wait()
        during = (await call(app, "GET", "/ready")).status
        await messages.put({"type": "lifespan.shutdown"})
        await task
        return before, during, sent

    before, during, sent = asyncio.run(live())
    assert (before, during) == (503, 200)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_metrics_can_be_switched_off():
    app = make(telemetry__metrics__enabled=False)
    assert ask(app, "GET", "/metrics").status == 404


@pytest.mark.parametrize(
    ("flags", "headers", "client", "status"),
    [
        ({}, (), ("127.0.0.1", 1), 200),
        ({}, (), ("::1", 1), 200),
        ({}, (), ("::ffff:127.0.0.1", 1), 200),
        ({}, (), ("203.0.113.9", 1), 403),
        ({}, (), None, 403),
        ({}, (), ("not-an-address", 1), 403),
        ({"admin__api_key": "k-é"}, (), ("127.0.0.1", 1), 401),
        ({"admin__api_key": "k-é"}, ((b"x-admin-key", "k-é".encode()),), ("203.0.113.9", 1), 200),
        ({"admin__api_key": "key7"}, ((b"authorization", b"Bearer key7"),), ("203.0.113.9", 1), 200),
        ({"admin__api_key": "key7"}, ((b"authorization", b"Basic key7"),), ("203.0.113.9", 1), 401),
        ({"admin__allowed_ips": ["203.0.113.0/24"]}, (), ("203.0.113.9", 1), 403),
        ({"admin__allowed_ips": ["203.0.113.0/24"]}, (), ("127.0.0.1", 1), 403),
        ({"admin__enabled": False}, (), ("127.0.0.1", 1), 404),
    ],
)
def test_the_admin_plane_is_never_open(flags, headers, client, status):
    answer = ask(make(**flags), "GET", "/admin/config", headers=headers, client=client)
    assert answer.status == status
    assert b"key7" not in answer.body


def test_a_body_beyond_the_limit_is_refused_by_declared_length_and_by_count():
    app = make(server__max_body_bytes=100)
    declared = ask(app, "POST", "/v1/chat/completions", b"x" * 101)
    assert declared.status == 413
    counted = ask(app, "POST", "/v1/chat/completions", b"x" * 101, ((b"content-length", b"?"),))
    assert counted.status == 413


def test_planned_delays_are_waited_for_and_a_client_that_leaves_is_let_go():
    app = make(simulation__latency_scale=1000)

    async def leave():
        loop = asyncio.get_running_loop()
        began = loop.time()
        plain = await call(app, "POST", "/v1/chat/completions", CHAT, leave_after=0.02)
        streamed = await call(app, "POST", "/v1/chat/completions", {**CHAT, "stream": True}, leave_after=0.02)
        stats = (await call(app, "GET", "/admin/stats")).json()
        return plain, streamed, stats, loop.time() - began

    plain, streamed, stats, took = asyncio.run(leave())
    assert plain.status == streamed.status == 0
    assert took < 5
    assert stats["totals"]["in_flight"] == stats["totals"]["streams"] == 0


@pytest.mark.parametrize(
    ("kind", "status"),
    [("rate_limit", 429), ("server_error", 500), ("authentication", 401), ("overloaded", 503), ("timeout", 504)],
)
def test_injected_faults_through_asgi(kind, status):
    flags = {f"errors__{kind}__probability": 1.0, "simulation__latency": "none"}
    if kind == "timeout":
        flags["errors__timeout__timeout_ms"] = 10
    app = make(**flags)
    answer = ask(app, "POST", "/v1/chat/completions", CHAT)
    assert answer.status == status
    assert answer.json()["error"]["message"]
    scraped = ask(app, "GET", "/metrics").body.decode()
    assert f'kind="{kind}"' in scraped


def test_a_fault_of_our_own_is_the_providers_server_error(app, monkeypatch, caplog):
    house = next(iter(app._exact.values()))._house
    monkeypatch.setattr(house.engine, "plan", lambda *args, **how: 1 / 0)
    answer = ask(app, "POST", "/v1/chat/completions", CHAT)
    assert answer.status == 500
    assert answer.json()["error"]["type"] == "server_error"
    assert "ZeroDivisionError" in caplog.text
    assert "ZeroDivisionError" not in answer.body.decode()


def test_the_factory_reads_its_configuration_from_the_environment(tmp_path, monkeypatch):
    path = tmp_path / "c.yaml"
    path.write_text("simulation: {seed: 5}\n")
    monkeypatch.setenv("LLM_SIM_CONFIG", str(path))
    assert ask(create_app(), "GET", "/health").json()["seed"] == 5
    path.write_text("simulation: {sed: 5}\n")
    with pytest.raises(ConfigError):
        create_app()


def test_a_full_fleet_queues_and_then_refuses():
    flags = {
        "simulation__concurrency__max_concurrent_requests": 1,
        "simulation__concurrency__queue_size": 1,
        "simulation__latency_scale": 0.1,
    }
    app = make(**flags)

    async def burst():
        return await asyncio.gather(*(call(app, "POST", "/v1/chat/completions", CHAT) for _ in range(4)))

    answers = asyncio.run(burst())
    assert sorted(answer.status for answer in answers) == [200, 200, 503, 503]
    refused = [answer for answer in answers if answer.status == 503]
    assert all(answer.headers["retry-after"] == "1" for answer in refused)


def test_loading_twice_gives_equal_engines():
    one, two = (make(simulation__latency="none") for _ in range(2))
    assert (
        ask(one, "POST", "/v1/messages", MESSAGE, VERSION).body
        == ask(two, "POST", "/v1/messages", MESSAGE, VERSION).body
    )
    assert load(None, environ={}).config.simulation.seed == 42
