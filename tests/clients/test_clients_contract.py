"""Contract mode as the official clients see it: every method of every resource is called, and each returns."""

import re
import warnings
from importlib import metadata
from pathlib import Path

import anthropic
import openai
import pytest
from anthropic._resource import SyncAPIResource as AnthropicResource
from client_checks import strangers
from contract_walk import arguments, methods
from openai._resource import SyncAPIResource as OpenAIResource
from serving import Simulator

import simulator.contract

ROOT = Path(__file__).parents[2]
TABLES = Path(simulator.contract.__file__).parent
SENDS_NOTHING = {
    "openai": {"webhooks.unwrap", "webhooks.verify_signature"},
    "anthropic": {"beta.webhooks.parse_unverified", "beta.webhooks.unwrap"},
}
"""They check or read what the caller has, and ask the service for nothing."""
WEBSOCKETS = {
    "openai": {
        *("beta.realtime.connect", "beta.responses.connect", "live.connect", "live.forks.connect"),
        *("live.sideband.connect", "realtime.connect", "realtime.translations.connect", "responses.connect"),
    },
    "anthropic": set(),
}
"""What they return opens a WebSocket when it is entered; contract mode speaks HTTP alone."""
THREAD = {"thread_id": "thread_1", "assistant_id": "asst_1"}
GIVEN = {
    "beta.agents.environments.files.upload": {
        "environment_id": "env_1",
        "file": ("a.txt", b"bytes"),
        "path": "/workspace/a.txt",
    },
    "beta.threads.create_and_run_stream": {"assistant_id": "asst_1"},
    "beta.threads.runs.create_and_stream": THREAD,
    "beta.threads.runs.stream": THREAD,
    "beta.threads.runs.submit_tool_outputs_stream": {"thread_id": "thread_1", "run_id": "run_1", "tool_outputs": []},
    # The strict client validates base64 vectors before it decodes them.
    "embeddings.create": {"model": "m", "input": "i", "encoding_format": "float"},
}
"""Arguments of methods that check them, or whose annotations do not tell them."""
KNOWN = {"answer.object", "answer.first_id", "answer.last_id"}
"""What the services' pages have and the clients' pages do not know."""


@pytest.fixture(scope="module")
def lax(tmp_path_factory):
    """A fleet in contract mode."""
    with Simulator(
        tmp_path_factory.mktemp("contract"), "--latency", "none", config={"compat": {"contract": True}}
    ) as it:
        yield it


@pytest.fixture(scope="module")
def lax_openai(lax):
    settings = {"api_key": "sk-test", "admin_api_key": "sk-admin", "max_retries": 0, "timeout": 10}
    with openai.OpenAI(base_url=f"{lax.url}/v1", _strict_response_validation=True, **settings) as client:
        yield client


@pytest.fixture(scope="module")
def lax_claude(lax):
    settings = {"api_key": "sk-ant-test", "max_retries": 0, "timeout": 10}
    with anthropic.Anthropic(base_url=lax.url, _strict_response_validation=True, **settings) as client:
        yield client


def walked(provider, client, base, folder):
    """(methods that returned, {method: what went wrong})."""
    fine, wrong = set(), {}
    for name, method in methods(client, base):
        if name in SENDS_NOTHING[provider]:
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                if name == "beta.agents.environments.files.prepare_directory":
                    answer = method(folder, destination="/workspace/a", include=["*.txt"])
                elif name == "beta.agents.sessions.artifacts.for_result":
                    with client.beta.agents.sessions.stream("sess_1", input="Hello.") as turn:
                        answer = method(turn.get_final_result())
                else:
                    positional, keywords = ([], GIVEN[name]) if name in GIVEN else arguments(method)
                    answer = method(*positional, **keywords)
                unknown = taken(name, answer) - KNOWN if name not in WEBSOCKETS[provider] else set()
            if unknown:
                wrong[name] = f"unknown fields {unknown}"
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told with the method's name
            wrong[name] = repr(error)[:300]
        else:
            fine.add(name)
    return fine, wrong


def taken(name, answer):
    """The fields that the client's types do not know, in all that a method returns; streams are read to their end."""
    if name.endswith("stream") and hasattr(answer, "__enter__"):
        with answer as stream:
            return {place for event in stream for place in strangers(event)}
    if isinstance(answer, openai.Stream | anthropic.Stream) or type(answer).__name__ == "JSONLDecoder":
        events = list(answer)
        assert events, name
        return {place for event in events for place in strangers(event)}
    return set(strangers(answer))


def told(provider):
    """The version of the client that the table is made from."""
    head = (TABLES / f"{provider}.txt").read_text("utf-8").partition("\n")[0]
    return re.search(rf"{provider} ([\d.]+) ", head).group(1)


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_every_method_returns(provider, lax_openai, lax_claude, lax, tmp_path):
    (tmp_path / "a.txt").write_text("a")
    client, base = (lax_openai, OpenAIResource) if provider == "openai" else (lax_claude, AnthropicResource)
    fine, wrong = walked(provider, client, base, tmp_path)
    if metadata.version(provider) != told(provider):
        # A newer client may ask for what the table does not have: there the refusal is the usual one.
        wrong = {name: error for name, error in wrong.items() if "NotFound" not in error}
    assert not wrong
    assert len(fine) > 380
    assert "Traceback" not in lax.log()


def test_what_is_not_proven_is_told():
    page = (ROOT / "docs" / "contract.md").read_text("utf-8")
    for names in (*SENDS_NOTHING.values(), *WEBSOCKETS.values()):
        for name in names:
            assert f"`{name}`" in page


def test_a_thread_runs_to_its_end(lax_openai):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        threads = lax_openai.beta.threads
        message = threads.messages.create("thread_7", role="user", content="Say it.", metadata={"a": "b"})
        assert (message.thread_id, message.role, message.metadata) == ("thread_7", "user", {"a": "b"})
        assert message.content[0].text.value == "Say it."
        run = threads.runs.create(thread_id="thread_7", assistant_id="asst_9", model="gpt-x", instructions="Be brief.")
        assert (run.thread_id, run.assistant_id) == ("thread_7", "asst_9")
        assert (run.model, run.instructions) == ("gpt-x", "Be brief.")
        polled = threads.runs.create_and_poll(thread_id="thread_7", assistant_id="asst_9")
        assert (polled.thread_id, polled.status) == ("thread_7", "completed")
        assert threads.runs.retrieve("run_5", thread_id="thread_7").id == "run_5"
        assert threads.delete("thread_7").model_dump() == {
            "id": "thread_7",
            "object": "thread.deleted",
            "deleted": True,
        }
        with threads.runs.stream(thread_id="thread_7", assistant_id="asst_9") as stream:
            events = [event.event for event in stream]
    assert (events[0], events[-1]) == ("thread.run.created", "thread.run.completed")


def test_files_are_taken_over(lax_openai):
    part = lax_openai.skills.create(files=[("skill/SKILL.md", b"hello")])
    assert part.id.startswith("skill_")
    staged = lax_openai.containers.files.create("cntr_3", file=("notes.txt", b"12345"))
    assert (staged.container_id, staged.bytes) == ("cntr_3", 5)


def test_unknown_ids_and_models(lax_openai, lax_claude):
    assert lax_openai.responses.retrieve("resp_unknown").id == "resp_unknown"
    assert lax_openai.files.retrieve("file-unknown").id == "file-unknown"
    assert lax_openai.models.retrieve("no-such-model").id == "no-such-model"
    assert lax_openai.models.delete("no-such-model").deleted is True
    assert lax_claude.messages.batches.retrieve("msgbatch_unknown").id == "msgbatch_unknown"
    answer = lax_openai.chat.completions.create(model="nobodys", messages=[{"role": "user", "content": "Hi"}])
    assert (answer.model, answer.choices[0].finish_reason) == ("nobodys", "stop")
    assert lax_claude.models.retrieve("nobodys").id == "nobodys"


def test_empty_and_contradictory_bodies(lax_openai, lax_claude):
    chat = lax_openai.chat.completions.create(model="gpt-4o", messages=[], temperature=-9, n=0, extra_body={"stop": 1})
    assert chat.choices[0].message.content
    chunks = list(lax_openai.chat.completions.create(model="gpt-4o", messages=[], max_tokens=-1, stream=True))
    assert chunks[-1].choices[0].finish_reason == "stop"
    response = lax_openai.responses.create(
        model="gpt-4o", input="Hi", previous_response_id="resp_gone", tool_choice="x"
    )
    assert response.output_text
    message = lax_claude.messages.create(model="claude-opus-5", max_tokens=-1, messages=[])
    assert message.content[-1].text
    with lax_claude.messages.stream(model="claude-opus-5", max_tokens=0, messages=[]) as stream:
        assert stream.get_final_message().stop_reason == "end_turn"


def test_the_same_request_gets_the_same_object(lax_openai):
    def made(name):
        return lax_openai.vector_stores.create(name=name).to_dict()

    assert made("a") == made("a")
    assert made("a")["id"] != made("b")["id"]
