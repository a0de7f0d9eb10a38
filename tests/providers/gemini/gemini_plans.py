"""Plans, bodies and answers that the tests of the Gemini dialect share."""

import json

import pytest

from simulator.engine.plan import Address, Answer, Choice, Embedded, Finish, Plan, Usage
from simulator.engine.plan import Call as Called
from simulator.providers.base import Refusal, Target
from simulator.providers.gemini import Gemini

PROVIDER = Gemini()
BY_PATH = {endpoint.path: endpoint for endpoint in PROVIDER.endpoints}
GENERATE = BY_PATH["/v1beta/models/{model}:generateContent"]
STREAM = BY_PATH["/v1beta/models/{model}:streamGenerateContent"]
COUNT = BY_PATH["/v1beta/models/{model}:countTokens"]
EMBED = BY_PATH["/v1beta/models/{model}:embedContent"]
BATCH = BY_PATH["/v1beta/models/{model}:batchEmbedContents"]
NEW, OLD = "gemini-3.8-flash", "gemini-2.5-flash"
BITS = bytes(range(32))
REQUEST_BITS = bytes(range(16))
WEATHER = {
    "name": "get_weather",
    "description": "Weather in a city",
    "parameters": {"type": "OBJECT", "properties": {"city": {"type": "STRING"}}, "required": ["city"]},
}


def plan_of(outcome, *, offsets=(), model=NEW, id_prefix=None):
    return Plan(
        address=Address(42, 0, 1, 7),
        digest=b"d" * 16,
        model=model,
        outcome=outcome,
        offsets=offsets,
        request_bits=REQUEST_BITS,
        id_prefix=id_prefix,
    )


def answer_of(*choices, usage=None):
    """An answer with a choice for each sequence of pieces; or give `Choice`s."""
    made = tuple(choice if isinstance(choice, Choice) else Choice(tuple(choice), Finish.STOP) for choice in choices)
    thought = sum(len(choice.reasoning) for choice in made)
    said = sum(len(choice.pieces) + sum(len(call.pieces) for call in choice.calls) for choice in made)
    return Answer(made, usage or Usage(11, said + thought, reasoning_tokens=thought), BITS, 1_700_000_000)


def embedded_of(*vectors, tokens=5):
    return Embedded(tuple(vectors), len(vectors[0]) // 4, Usage(tokens, 0))


def called(name, *pieces, bits=b"i" * 16):
    return Called(bits, name, pieces)


def turn(text, role="user"):
    return {"role": role, "parts": [{"text": text}]}


def body_of(**fields):
    return {"contents": [turn("Hi")], **fields}


def target_of(model=NEW, **query):
    return Target({"model": model}, {name: [value] for name, value in query.items()})


def decoded(endpoint=GENERATE, *, model=NEW, query=None, **fields):
    return endpoint.decode(json.dumps(body_of(**fields)).encode(), {}, target_of(model, **(query or {})))


def request_of(**fields):
    return decoded(**fields).request


def refused(body, endpoint=GENERATE, model=NEW):
    """The refusal of a body given as bytes or as a JSON value."""
    with pytest.raises(Refusal) as caught:
        endpoint.decode(body if isinstance(body, bytes) else json.dumps(body).encode(), {}, target_of(model))
    return caught.value


def refused_fields(model=NEW, **fields):
    return refused(body_of(**fields), model=model)


def replied(answer, *, model=NEW, **fields):
    """The JSON of a whole answer."""
    reply = GENERATE.reply(decoded(model=model, **fields), plan_of(answer, model=model))
    assert reply.status == 200
    return json.loads(reply.body)


def streamed(answer, *, sse=True, model=NEW, **fields):
    """The stream of an answer."""
    query = {"alt": "sse"} if sse else {}
    return STREAM.stream(decoded(STREAM, model=model, query=query, **fields), plan_of(answer, model=model))


def chunks_of(stream, *, sse=True):
    """The chunks of a whole stream."""
    frames = stream.frames(0, stream.steps)
    if not sse:
        return json.loads(frames)
    assert frames.endswith(b"\r\n\r\n")
    lines = frames.decode().split("\r\n\r\n")[:-1]
    assert all(line.startswith("data: ") and "\n" not in line for line in lines)
    return [json.loads(line.removeprefix("data: ")) for line in lines]


def parts_of(response, index=0):
    candidate = next(each for each in response["candidates"] if each["index"] == index)
    return candidate["content"].get("parts", [])


def joined(chunks, index=0):
    """Thoughts, text and calls of a candidate over all chunks, and its finish reason."""
    thoughts, text, calls, finish = "", "", [], None
    for chunk in chunks:
        for candidate in chunk["candidates"]:
            if candidate["index"] != index:
                continue
            for part in candidate["content"].get("parts", ()):
                if "functionCall" in part:
                    calls.append(part["functionCall"])
                elif part.get("thought"):
                    thoughts += part["text"]
                else:
                    text += part["text"]
            assert finish is None, "nothing follows the finish reason"
            finish = candidate.get("finishReason")
    return thoughts, text, calls, finish
