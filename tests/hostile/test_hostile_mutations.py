"""Whatever is done to a valid body, the answer is never a 5xx and always JSON."""

import copy
import json

from hostile_wire import ENDPOINTS, check_refusal, headers_of
from hypothesis import given, settings
from hypothesis import strategies as st

LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(st.characters(codec=None, exclude_categories=()), max_size=6),
    st.sampled_from(["", "user", "assistant", "tool", "system", "auto", "text", "image_url", "data:image/png;base64,"]),
    st.sampled_from([0, 1, -1, 2**31, 2**53, 2**63, 2**64, 1e308, float("nan"), float("inf"), "\ud800", "\0"]),
)
RICH = {
    "/v1/chat/completions": {
        "temperature": 1,
        "seed": 1,
        "stop": ["x"],
        "n": 2,
        "metadata": {"a": "b"},
        "response_format": {"type": "text"},
        "tool_choice": "auto",
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
        "messages": [
            {
                "role": "user",
                "content": [{"type": "text", "text": "Hi"}, {"type": "image_url", "image_url": {"url": "https://a/b"}}],
            },
            {
                "role": "assistant",
                "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
            },
            {"role": "tool", "tool_call_id": "c", "content": "x"},
        ],
    },
    "/v1/completions": {"prompt": [[1, 2], [3]], "n": 2, "stop": "x"},
    "/v1/embeddings": {"input": ["a", "b"], "dimensions": 8, "encoding_format": "float"},
    "/v1/messages": {
        "system": [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}],
        "tools": [{"name": "f", "input_schema": {"type": "object"}}],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "Hi"}]},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "x"}]},
        ],
    },
    "/v1/messages/count_tokens": {"thinking": {"type": "adaptive"}, "system": "x"},
}
"""More fields for the mutations to meet, all of them valid."""


def places(value):
    """Every container below a value with each of its keys."""
    found = []
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        found.append((value, key))
        found += places(value[key])
    return found


NAMES = st.sampled_from(
    sorted({key for body in (*ENDPOINTS.values(), *RICH.values()) for _, key in places(body) if isinstance(key, str)})
)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3))


@st.composite
def mutated(draw):
    """A path and bytes: a valid body in which some values are others, gone, twice or moved, or whose text is cut."""
    path = draw(st.sampled_from(sorted(ENDPOINTS)))
    body = copy.deepcopy({**ENDPOINTS[path], **(RICH[path] if draw(st.booleans()) else {})})
    if draw(st.booleans()) and "count" not in path and "embeddings" not in path:
        body["stream"] = True
    for _ in range(draw(st.integers(1, 3))):
        found = places(body)
        if not found:
            break
        container, key = draw(st.sampled_from(found))
        match draw(st.sampled_from(["other", "gone", "new", "wrapped", "copied"])):
            case "other":
                container[key] = draw(VALUES)
            case "gone":
                del container[key]
            case "new" if isinstance(container, dict):
                container[draw(NAMES)] = draw(VALUES)
            case "wrapped":
                container[key] = draw(st.sampled_from([[container[key]], {"type": container[key]}]))
            case _:
                container[key] = copy.deepcopy(draw(st.sampled_from(found))[0])
    data = json.dumps(body).encode()
    if draw(st.integers(0, 9)) == 0:
        at = draw(st.integers(0, len(data)))
        data = data[:at] + draw(st.binary(max_size=3)) + data[at + draw(st.integers(0, 5)) :]
    return path, data


@settings(max_examples=300)
@given(mutated())
def test_mutated_bodies(fleet, case):
    path, body = case
    answer = fleet.ask(path, body, headers_of(path))
    assert answer.status in (200, 400, 404, 413)
    if answer.status != 200:
        check_refusal(answer, path, answer.status)
    elif answer.headers["content-type"].startswith("text/event-stream"):
        lines = [line[6:] for line in answer.body.decode().split("\n") if line.startswith("data: ")]
        assert lines
        assert all(json.loads(line) for line in lines if line != "[DONE]")
    else:
        assert answer.headers["content-type"] == "application/json"
        assert isinstance(answer.json(), dict)
