"""The plugin in real sessions of pytest, with the official clients."""

from consoles import blocks
from plugin_runs import PAGE, Session, pytest_run, written

USER = """
    import asyncio
    import os

    import anthropic
    import httpx
    import openai
    import pytest

    TURN = [{"role": "user", "content": "Hello"}]

    def ask(client, text="Hello", **more):
        given = {"model": "gpt-4o", "messages": [{"role": "user", "content": text}], **more}
        return client.chat.completions.create(**given).choices[0].message.content

    def test_the_environment_leads_the_clients_here(llm_simulator):
        llm_simulator.answer("Hi from the simulator")
        with openai.OpenAI() as one, anthropic.Anthropic() as other:
            assert ask(one) == "Hi from the simulator"
            message = other.messages.create(model="claude-sonnet-4-6", max_tokens=50, messages=TURN)
        assert message.content[0].text == "Hi from the simulator"
        llm_simulator.assert_called(times=2)
        llm_simulator.assert_called_once(provider="anthropic", endpoint="messages", max_tokens=50)
        assert llm_simulator.calls("chat_completions").last.messages == TURN
        assert llm_simulator.calls("/v1/messages").last.model == "claude-sonnet-4-6"
        assert llm_simulator.requests.first.headers["Authorization"] == "Bearer [redacted]"

    def test_nothing_of_the_test_before_is_left(llm_simulator):
        llm_simulator.assert_not_called()
        with openai.OpenAI() as client:
            assert ask(client) != "Hi from the simulator"
        assert llm_simulator.assert_called_once().status == 200

    def test_a_client_retries(llm_simulator):
        llm_simulator.fail("rate_limit", times=2, retry_after=0.01)
        llm_simulator.answer("At last")
        with openai.OpenAI(max_retries=2) as client:
            assert ask(client) == "At last"
        assert llm_simulator.requests.statuses == [429, 429, 200]
        assert [each.retry for each in llm_simulator.retries] == [1, 2]
        assert llm_simulator.retries.where(status=200).last.model == "gpt-4o"
        assert llm_simulator.usage.requests == 3
        assert llm_simulator.usage.output_tokens > 0

    def test_a_key_of_the_code_itself(llm_simulator):
        llm_simulator.answer("Sunny", when="weather")
        llm_simulator.fail("overloaded", times=1)
        with openai.OpenAI(api_key="sk-hard-coded", max_retries=0) as client:
            with pytest.raises(openai.InternalServerError):
                ask(client, "What is the weather?")
            assert ask(client, "What is the weather?") == "Sunny"
            assert ask(client, "What else?") != "Sunny"
        llm_simulator.assert_called(times=3)
        llm_simulator.assert_last(contains="What else?")

    def test_any_client(llm_simulator):
        llm_simulator.answer(json={"city": "Lima"}, times=1)
        body = {"model": "gpt-4o", "messages": TURN}
        answer = httpx.post(llm_simulator.openai_base_url + "/chat/completions", json=body).json()
        assert answer["choices"][0]["message"]["content"].replace(" ", "") == '{"city":"Lima"}'
        assert httpx.post(llm_simulator.url + "/chat/completions", json=body).status_code == 404
        assert llm_simulator.assert_last(status=404).path == "/chat/completions"

    def test_asynchronous_clients_and_streams(llm_simulator):
        async def main():
            async with openai.AsyncOpenAI() as client:
                stream = await client.chat.completions.create(model="gpt-4o", messages=TURN, stream=True)
                return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

        llm_simulator.answer("One two three")
        assert asyncio.run(main()) == "One two three"
        assert llm_simulator.assert_called_once(streamed=True).json["stream"] is True

    def test_a_timeout(llm_simulator):
        llm_simulator.fail("timeout", times=1, after_ms=1)
        with openai.OpenAI(max_retries=0) as client:
            with pytest.raises(openai.APIConnectionError):
                ask(client)
            ask(client)
        assert llm_simulator.requests.statuses == [None, 200]
        assert llm_simulator.retries.last.status == 200

    def test_rules_tools_and_templates(llm_simulator):
        answers = [{"text": "small {{ count }}", "times": 2}, {"text": "tiny"}]
        llm_simulator.rules([{"when": {"model": "gpt-4o-mini"}, "answers": answers}])
        with openai.OpenAI() as client:
            assert [ask(client, model="gpt-4o-mini") for _ in range(3)] == ["small 1", "small 2", "tiny"]
            llm_simulator.answer(tool_calls=[{"name": "look", "arguments": {"at": "it"}}])
            tools = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]
            answer = client.chat.completions.create(model="gpt-4o", messages=TURN, tools=tools)
        assert answer.choices[0].message.tool_calls[0].function.arguments == '{"at":"it"}'
        assert len(llm_simulator.last_request.tools) == 1

    def test_sessions_end_with_their_test(llm_simulator):
        with openai.OpenAI(api_key="sk-hard-coded", default_headers={"x-session-id": "talk"}) as client:
            used = client.chat.completions.create(model="gpt-4o", messages=TURN).usage
        assert used.prompt_tokens == 8

    test_again = test_sessions_end_with_their_test

    @pytest.mark.llm_simulator(seed=7)
    def test_a_seed(llm_simulator):
        with openai.OpenAI() as client:
            answer = client.chat.completions.with_raw_response.create(model="gpt-4o", messages=TURN)
        assert answer.headers["x-llm-sim-seed"] == "7"

    def test_the_seed_of_the_configuration(llm_simulator):
        with openai.OpenAI() as client:
            answer = client.chat.completions.with_raw_response.create(model="gpt-4o", messages=TURN)
        assert answer.headers["x-llm-sim-seed"] == "42"

    @pytest.mark.llm_simulator(rules=[{"answers": [{"text": "By the marker"}]}])
    def test_a_marker_alone():
        with openai.OpenAI() as client:
            assert ask(client) == "By the marker"

    @pytest.mark.llm_simulator(scenario="outage")
    def test_a_scenario(llm_simulator):
        with openai.OpenAI(max_retries=0) as client, pytest.raises(openai.InternalServerError):
            ask(client)

    def test_no_scenario(llm_simulator):
        with openai.OpenAI(max_retries=0) as client:
            assert ask(client)

    def test_a_pace(llm_simulator):
        llm_simulator.latency(ttft_ms=150)
        with openai.OpenAI() as client:
            answer = client.chat.completions.with_raw_response.create(model="gpt-4o", messages=TURN)
        assert answer.elapsed.total_seconds() >= 0.15

    @pytest.mark.llm_simulator(config={"response": {"kind": "echo"}}, seed=1)
    class TestOfAClass:
        @pytest.mark.llm_simulator(seed=2, latency={"ttft_ms": 60})
        def test_the_nearest_marker_counts(self):
            with openai.OpenAI() as client:
                answer = client.chat.completions.with_raw_response.create(model="gpt-4o", messages=TURN)
            assert answer.headers["x-llm-sim-seed"] == "2"
            assert answer.elapsed.total_seconds() >= 0.06
            assert answer.parse().choices[0].message.content == "Hello"

    def test_without_the_simulator():
        assert "OPENAI_BASE_URL" not in os.environ
"""


SIDE_BY_SIDE = """
    import os

    import openai
    import pytest

    @pytest.mark.parametrize("number", range(6))
    def test_alone(llm_simulator, number, tmp_path_factory):
        shared = tmp_path_factory.getbasetemp().parent
        (shared / (os.environ["PYTEST_XDIST_WORKER"] + ".url")).write_text(llm_simulator.url)
        llm_simulator.fail("rate_limit", times=1, retry_after=0.01)
        llm_simulator.answer(f"I am {number}")
        with openai.OpenAI(api_key="sk-the-same", max_retries=1) as client:
            for _ in range(3):
                answer = client.chat.completions.create(
                    model="gpt-4o", messages=[{"role": "user", "content": str(number)}]
                )
                assert answer.choices[0].message.content == f"I am {number}"
        llm_simulator.assert_called(times=4, messages=[{"role": "user", "content": str(number)}])
        assert llm_simulator.requests.statuses == [429, 200, 200, 200]
"""


def test_a_session_and_the_examples_of_the_page(tmp_path):
    text = PAGE.read_text("utf-8") if PAGE.exists() else ""
    options = blocks(text, "ini") or ["[pytest]\nllm_simulator_config = simulator.yaml\n"]
    written(tmp_path, USER, pytest_ini=options[0], simulator_yaml="response: {length: {max: 50}}")
    examples = blocks(text, "python")
    for number, example in enumerate(examples):
        (tmp_path / f"test_page_{number}.py").write_text(example)
    # The page's clients are left to the interpreter, as readers' are; where it closes them is not the plugin's affair.
    left = [f"ignore::{kind}" for kind in ("ResourceWarning", "pytest.PytestUnraisableExceptionWarning")]
    session = Session(tmp_path, *[part for one in left for part in ("-W", one)])
    assert session.status == 0, session.text
    assert session.counts == {"passed": 18 + sum(example.count("\ndef test_") for example in examples)}


def test_workers_of_xdist_have_a_simulator_each(tmp_path):
    session = pytest_run(tmp_path, SIDE_BY_SIDE, "-n", "2", "--basetemp", str(tmp_path / "shared"))
    assert session.status == 0, session.text
    assert session.counts == {"passed": 6}
    assert len({file.read_text() for file in (tmp_path / "shared").glob("*.url")}) == 2


CONFIGURED = """
    import os

    import openai
    import pytest

    def said(**more):
        with openai.OpenAI(**more) as client:
            messages = [{"role": "user", "content": "Hello"}]
            answer = client.chat.completions.create(model="house", messages=messages)
        return answer.choices[0].message.content

    def test_the_file(llm_simulator):
        with pytest.raises(openai.OpenAIError, match="api_key"):
            said()
        given = {"base_url": llm_simulator.openai_base_url, "api_key": llm_simulator.api_key}
        assert said(**given) == "From the file: 1"
        llm_simulator.answer("Other", when="nobody says this")
        assert said(**given) == "From the file: 2"
        llm_simulator.answer("From the test", when={"model": "house"})
        assert said(**given) == "From the test"
        llm_simulator.reset()
        assert said(**given).startswith("From the file")
        assert llm_simulator.requests[-1].model == "house"

    @pytest.mark.llm_simulator(sed=7)
    def test_a_mistake():
        pass

    def test_another(llm_simulator):
        llm_simulator.answer("Kept")
        with pytest.raises(Exception) as caught:
            llm_simulator.rules([{"wen": {}, "answers": [{"text": "x"}]}])
        assert 'did you mean "when"?' in str(caught.value)
        given = {"base_url": llm_simulator.openai_base_url, "api_key": llm_simulator.api_key}
        assert said(**given) == "Kept"

    def test_what_is_wrong_is_told(llm_simulator):
        said(base_url=llm_simulator.openai_base_url, api_key=llm_simulator.api_key)
        llm_simulator.assert_last(model="gpt-4o")
"""


def test_the_options_of_the_file_and_what_is_told_of_mistakes(tmp_path):
    session = pytest_run(
        tmp_path,
        CONFIGURED,
        pytest_ini="""
            [pytest]
            llm_simulator_config = simulator.yaml
            llm_simulator_environment = false
            llm_simulator_workers = 2
        """,
        simulator_yaml="""
            models: {aliases: {house: gpt-4o}}
            rules: [{answers: [{text: "From the file: {{ count }}", times: 1}, {text: "From the file: {{ count }}"}]}]
        """,
    )
    assert session.counts == {"passed": 2, "failed": 1, "error": 1}, session.text
    assert "llm_simulator takes seed, rules, config, scenario, latency by name, not sed" in session.text
    assert "expected the last request with model='gpt-4o', but model is 'house'" in session.text
    assert "1. <POST /v1/chat/completions 200 model='house'>: model is 'house'" in session.text
    assert "simulator/testing/calls.py" not in session.text


def test_a_configuration_that_is_wrong_is_told(tmp_path):
    session = pytest_run(
        tmp_path,
        "def test_it(llm_simulator): pass",
        pytest_ini="[pytest]\nllm_simulator_config = simulator.yaml\n",
        simulator_yaml="sever: {}",
    )
    assert session.counts == {"error": 1}
    assert 'did you mean "server"?' in session.text
