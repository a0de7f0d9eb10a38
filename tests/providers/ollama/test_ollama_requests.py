import json

import pytest
from ollama_plans import CHAT, ENDPOINTS, GENERATE, answer_of, chat_call, generate_call, plan_of, refused

from simulator.engine.plan import Embedded, Usage
from simulator.engine.request import Format, Message, Operation, Sampling, ToolCall

USER = {"role": "user", "content": "Hi"}
TOOL = {"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}}
PNG = "iVBORw0KGgo="


def chat_refused(**fields):
    return refused(CHAT, {"model": "llama3.2", "messages": [USER], **fields})


def test_what_changes_an_answer_is_in_the_request():
    options = {
        "num_predict": 7.0,
        "temperature": 0,
        "top_k": 40,
        "top_p": 0.9,
        "seed": 3,
        "stop": ["a", ""],
        "frequency_penalty": 1,
        "presence_penalty": -1,
        "repeat_penalty": 1.1,
        "num_ctx": 4096,
        "unheard_of": "x",
        "min_p": None,
    }
    request = chat_call(options=options, format="json").request
    assert (request.operation, request.provider, request.model) == (Operation.CHAT, "ollama", "llama3.2")
    assert request.messages == (Message("user", "Hi"),)
    assert request.sampling == Sampling(0, 0.9, 40, 1, -1, 3)
    assert (request.max_tokens, request.stop, request.extra) == (7, ("a",), ("repeat_penalty=1.1",))
    assert request.format == Format("json_object")
    assert chat_call(options={"num_ctx": 9}, keep_alive="1h", stream=False).request == chat_call().request


@pytest.mark.parametrize("predicted", [-1, -2, 0, 1_000_000])
def test_no_limit(predicted):
    assert chat_call(options={"num_predict": predicted}).request.max_tokens is None


def test_forms_of_the_answer():
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    assert chat_call(format=schema).request.format == Format("json_schema", schema)
    assert chat_call(format="").request.format == chat_call(format=None).request.format == Format()
    assert generate_call(format="json").request.format == Format("json_object")


def test_a_conversation_with_tools():
    call = {"function": {"name": "f", "arguments": {"a": 1}}}
    named = {"id": "call_9", "function": {"name": "g", "arguments": {}}}
    messages = [
        USER,
        {"role": "Assistant", "content": "", "tool_calls": [call, named], "thinking": "hm"},
        {"role": "tool", "content": "two", "tool_name": "g"},
        {"role": "tool", "content": "one"},
        {"role": "tool", "content": "none"},
        {"role": "tool", "content": "three", "tool_call_id": "call_9"},
        {**USER, "images": [PNG]},
    ]
    request = chat_call(messages=messages, tools=[TOOL]).request
    _, calling, two, one, none, three, seen = request.messages
    assert calling.role == "assistant"
    assert calling.calls == (ToolCall("call_1_0", "f", '{"a":1}'), ToolCall("call_9", "g", "{}"))
    assert [result.answers for result in (two, one, none, three)] == ["call_9", "call_1_0", "", "call_9"]
    assert seen.parts[0].kind == "image"
    assert seen.parts[0].tokens > 0
    assert request.tools[0].name == "f"


def test_thinking():
    assert chat_call().request.reasoning is None
    assert chat_call(think=False).request.reasoning == 0
    told = [chat_call(model="qwen3", think=level).request.reasoning for level in ("low", "medium", "high", "max")]
    assert told == sorted(set(told))
    assert chat_call(model="qwen3", think=True).request.reasoning == told[1]
    assert chat_call(model="my-own", think=True).request.reasoning
    assert chat_refused(think=True) == (400, '"llama3.2" does not support thinking')
    assert chat_refused(model="qwen3", think="hard")[1].startswith('invalid think value: "hard" (must be')


def test_generate():
    request = generate_call(system="Be terse.", images=[PNG]).request
    assert [message.role for message in request.messages] == ["system", "user"]
    assert request.messages[1].parts
    more = [
        generate_call(**fields).request.extra
        for fields in (
            {"model": "qwen2.5-coder", "suffix": "}"},
            {"template": "{{ .Prompt }}"},
            {"raw": True},
            {"context": [1, 2]},
            {"context": [1, 3]},
        )
    ]
    assert len(set(more)) == 5


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"model": ""}, "model is required"),
        ({"model": "nomic-embed-text"}, '"nomic-embed-text" does not support chat'),
        (
            {"model": "gemma3:4b", "tools": [TOOL]},
            "registry.ollama.ai/library/gemma3:4b does not support tools",
        ),
        (
            {"messages": "x"},
            "json: cannot unmarshal string into Go struct field ChatRequest.messages of type []api.Message",
        ),
        (
            {"messages": [{"role": "user", "content": 5}]},
            "json: cannot unmarshal number into Go struct field ChatRequest.messages.content of type string",
        ),
        ({"stream": "yes"}, "json: cannot unmarshal string into Go struct field ChatRequest.stream of type bool"),
        (
            {"options": []},
            "json: cannot unmarshal array into Go struct field ChatRequest.options of type map[string]interface {}",
        ),
        ({"options": {"seed": "x"}}, 'option "seed" must be of type integer'),
        ({"options": {"seed": True}}, 'option "seed" must be of type integer'),
        ({"options": {"top_k": 2**80}}, 'option "top_k" must be of type integer'),
        ({"options": {"temperature": "hot"}}, 'option "temperature" must be of type float32'),
        ({"options": {"numa": 1}}, 'option "numa" must be of type boolean'),
        ({"options": {"stop": "x"}}, 'option "stop" must be of type array'),
        ({"options": {"stop": [1]}}, 'option "stop" must be of type an array of strings'),
        ({"format": "xml"}, 'invalid format: "\\"xml\\""; expected "json" or a valid JSON Schema object'),
        ({"keep_alive": "soon"}, 'time: invalid duration "soon"'),
        ({"messages": [{"role": "user", "images": ["ab*c"]}]}, "illegal base64 data at input byte 2"),
        ({"messages": [{"role": "user", "images": ["abcde"]}]}, "illegal base64 data at input byte 5"),
        ({"tools": [{"type": "function"}]}, "tools[0].function.name is required"),
        (
            {"messages": [{"role": "assistant", "tool_calls": [{}]}]},
            "messages[0].tool_calls[0].function.name is required",
        ),
        ({"top_logprobs": 21}, "top_logprobs must be between 0 and 20"),
        ({"logprobs": True}, "logprobs are not given by this version of LLM-Simulator"),
    ],
)
def test_what_is_refused(fields, sentence):
    assert chat_refused(**fields) == (400, sentence)


def test_what_is_no_body():
    assert refused(CHAT, b"") == (400, "missing request body")
    assert refused(CHAT, b'{"model"') == (400, "unexpected EOF")
    assert refused(CHAT, b"[]")[1] == "json: cannot unmarshal array into Go value of type api.ChatRequest"
    assert refused(CHAT, b"{'a'}")[0] == 400
    assert refused(CHAT, b'{"a":' + b"[" * 300 + b"]" * 300 + b"}") == (400, "exceeded max depth")


def test_generate_that_is_refused():
    assert refused(GENERATE, {"model": "llama3.2", "prompt": "x", "raw": True, "system": "y"})[1].startswith("raw mode")
    assert refused(GENERATE, {"model": "all-minilm", "prompt": "x"})[1] == '"all-minilm" does not support generate'
    assert refused(GENERATE, {"model": "llama3.2", "prompt": "x", "suffix": "y"})[1].endswith("does not support insert")


VECTOR = bytes.fromhex("0000003f000000bf")


def embedded(label, **fields):
    endpoint = ENDPOINTS[label]
    call = endpoint.decode(json.dumps({"model": "nomic-embed-text", **fields}).encode(), {})
    plan = plan_of(Embedded((VECTOR,) * len(call.request.inputs), 2, Usage(4, 0)), offsets=(0.25,))
    return call.request, json.loads(endpoint.reply(call, plan).body)


def test_embeddings():
    request, answer = embedded("embed", input=["a", "b"])
    assert request.inputs == ("a", "b")
    assert answer == {
        "model": "llama3.2",
        "embeddings": [[0.5, -0.5], [0.5, -0.5]],
        "total_duration": 250_000_001,
        "load_duration": 31_250_000,
        "prompt_eval_count": 4,
    }
    assert embedded("embeddings", prompt="a")[1] == {"embedding": [0.5, -0.5]}
    assert embedded("embed", input="")[1] == {"model": "llama3.2", "embeddings": []}
    assert embedded("embed")[1]["embeddings"] == []
    assert embedded("embeddings", prompt="")[1] == {"embedding": []}
    assert embedded("embed", input="a", dimensions=64)[0].dimensions == 64
    assert embedded("embed", input="a", dimensions=9_999)[0].dimensions is None
    assert embedded("embed", input="a", dimensions=-1)[0].dimensions is None


def test_embeddings_that_are_refused():
    embed = ENDPOINTS["embed"]
    assert refused(embed, {"model": "all-minilm", "input": ["a", 1]}) == (400, "invalid input type")
    assert refused(embed, {"model": "all-minilm", "input": ["a"] * 3_000})[0] == 400
    assert refused(ENDPOINTS["embeddings"], {"prompt": "x"}) == (400, "model is required")
    with pytest.raises(TypeError, match="Answer"):
        embed.reply(embed.decode(b'{"model":"e","input":"x"}', {}), plan_of(answer_of(["x"])))
