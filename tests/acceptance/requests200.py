"""200 different requests over every kind of endpoint that plans an answer."""


def chat(i):
    body = {
        "model": ("gpt-4o", "gpt-4o-mini", "gpt-4-turbo", "gpt-4.1")[i % 4],
        "messages": [
            {"role": "system", "content": f"You are assistant number {i}."},
            {"role": "user", "content": f"Question {i}: what is {i} times {i + 1}? Ünïcödé {chr(0x4E00 + i)}"},
        ],
    }
    if i % 3 == 0:
        body["n"] = 2
    if i % 5 == 0:
        body["max_tokens"] = 7
    if i % 7 == 0:
        body["stop"] = [".", " the"]
    if i % 11 == 0:
        body["seed"] = i
    return "/v1/chat/completions", body, {}


def completion(i):
    return (
        "/v1/completions",
        {"model": "gpt-3.5-turbo-instruct", "prompt": f"Once upon {i} times", "max_tokens": 40},
        {},
    )


def messages(i):
    body = {
        "model": ("claude-sonnet-4-5", "claude-3-5-haiku-latest")[i % 2],
        "max_tokens": 200 if i % 4 else 5,
        "messages": [{"role": "user", "content": [{"type": "text", "text": f"Tell me fact {i}."}]}],
    }
    if i % 3 == 0:
        body["system"] = f"Be brief, {i}."
    return "/v1/messages", body, {"anthropic-version": "2023-06-01", "x-api-key": "sk-ant-test"}


def embedding(i):
    return "/v1/embeddings", {"model": "text-embedding-3-small", "input": [f"text {i}", "shared"], "dimensions": 64}, {}


REQUESTS = (
    [chat(i) for i in range(90)]
    + [messages(i) for i in range(70)]
    + [completion(i) for i in range(20)]
    + [embedding(i) for i in range(20)]
)
"""(path, body, headers) each, no two alike."""
