"""A rule's failure may have its own status, type, code and sentence; each provider tells them in its own shape."""

import json

import pytest
from serving import Simulator

from simulator.config.faults import ConfigError
from simulator.config.load import load

ANSWER = {"error": "rate_limit", "status": 418, "type": "teapot_error", "code": "short", "message": "I am a teapot."}
ASKED = {
    "/v1/chat/completions": ("gpt-4o", {}),
    "/v1/messages": ("claude-sonnet-4-5", {"max_tokens": 9}),
    "/openai/v1/chat/completions": ("gpt-4o", {}),
    "/v2/chat": ("command-a-03-2025", {}),
    "/mistral/v1/chat/completions": ("mistral-large-latest", {}),
    "/api/chat": ("llama3.2", {}),
}


def test_every_provider_tells_them(tmp_path):
    config = {"simulation": {"latency": "none"}, "rules": [{"answers": [ANSWER]}]}
    with Simulator(tmp_path, config=config, workers=1) as fleet:
        for path, (model, more) in ASKED.items():
            body = {"model": model, "messages": [{"role": "user", "content": "Hello"}], **more}
            answer = fleet.ask(path, body, {"anthropic-version": "2023-06-01"})
            assert answer.status == 418, path
            assert "I am a teapot." in answer.body.decode(), path
        gemini = fleet.ask(
            "/v1beta/models/gemini-2.5-flash:generateContent", {"contents": [{"parts": [{"text": "Hello"}]}]}
        )
    assert gemini.json() == {"error": {"code": 418, "message": "I am a teapot.", "status": "teapot_error"}}


@pytest.mark.parametrize("key", ["status", "type", "code", "message"])
def test_they_need_an_error(tmp_path, key):
    path = tmp_path / "rules.json"
    path.write_text(json.dumps({"rules": [{"answers": [{"text": "Hello", key: ANSWER[key]}]}]}))
    with pytest.raises(ConfigError, match=f"{key}.*an answer with error"):
        load(path, environ={}, flags={})


@pytest.mark.parametrize("status", [200, 399, 600])
def test_the_status_is_that_of_an_error(tmp_path, status):
    path = tmp_path / "rules.json"
    path.write_text(json.dumps({"rules": [{"answers": [{"error": "server_error", "status": status}]}]}))
    with pytest.raises(ConfigError, match="status"):
        load(path, environ={}, flags={})
