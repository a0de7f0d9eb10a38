"""Row: what the other dialects, tools and JSON cost, beside OpenAI's chat in plain text.

One fleet is loaded with each kind of request in turn, A B C A B C, 400 bodies each; the ratios are medians over
neighbouring runs. All ask the same of models of the same size of answer; those with tools are answered by a call.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks import wrk
from benchmarks.bodies import HEADERS, PATH, chat
from benchmarks.processes import fleet
from benchmarks.setting import PROCESSES, Setting
from benchmarks.table import Seen

MUST = 0.75
BODIES = 400
TOOL = {
    "name": "find_trip",
    "description": "Finds a trip for travellers by place and number of days",
    "parameters": {
        "type": "object",
        "properties": {
            "place": {"type": "string", "description": "the city"},
            "days": {"type": "integer", "minimum": 1, "maximum": 30},
            "class": {"enum": ["economy", "business"]},
        },
        "required": ["place", "days"],
    },
}


class Kind(NamedTuple):
    """A kind of request: its path, headers and bodies."""

    path: str
    headers: dict[str, str]
    bodies: list[bytes]


def run(setting: Setting) -> list[Seen]:
    """The ratio of each kind to chat."""
    wrk.available()
    kinds = dict(_kinds())
    scripts = {name: _script(setting.folder, name, kind) for name, kind in kinds.items()}
    rounds, seconds = (3, 2) if setting.quick else (6, 3)
    rates: dict[str, list[float]] = {name: [] for name in kinds}
    with fleet(setting.folder, "--latency", "none", workers=PROCESSES) as server:
        for lua in scripts.values():
            wrk.run(server.port, lua, 1)
        for _ in range(rounds):
            for name, lua in scripts.items():
                rates[name].append(wrk.run(server.port, lua, seconds).rate)
    rows = []
    for name in list(kinds)[1:]:
        ratios = [mine / plain for mine, plain in zip(rates[name], rates["chat"], strict=True)]
        ratio = median(ratios)
        seen = f"{ratio:.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        rows.append(Seen(f"{name}: of chat", seen, f">= {MUST}", ratio >= MUST, {"ratios": ratios}))
    shown = "; ".join(f"{name} {median(found):,.0f}" for name, found in rates.items())
    rows.append(Seen("  requests/s", shown, values=rates))
    return rows


def _script(folder: Path, name: str, kind: Kind) -> Path:
    return wrk.script(folder, kind.bodies, kind.path, kind.headers, name.replace(" ", "-"))


def _kinds() -> Iterator[tuple[str, Kind]]:
    chats = [json.loads(chat(number)) for number in range(BODIES)]
    yield "chat", Kind(PATH, HEADERS, [json.dumps(body).encode() for body in chats])
    tools = {"tools": [{"type": "function", "function": TOOL}]}
    yield "tools", Kind(PATH, HEADERS, [json.dumps({**body, **tools}).encode() for body in chats])
    schema = {"type": "json_schema", "json_schema": {"name": "trip", "schema": TOOL["parameters"]}}
    formed = [json.dumps({**body, "response_format": schema}).encode() for body in chats]
    yield "JSON by schema", Kind(PATH, HEADERS, formed)
    version = {**HEADERS, "anthropic-version": "2023-06-01"}
    yield "Anthropic", Kind("/v1/messages", version, [_message(body) for body in chats])
    key = {**HEADERS, "x-goog-api-key": "benchmark"}
    path = "/v1beta/models/gemini-2.5-flash-lite:generateContent"
    yield "Gemini", Kind(path, key, [_content(body) for body in chats])


def _message(body: dict[str, list[dict[str, str]]]) -> bytes:
    system, user = body["messages"]
    return json.dumps(
        {"model": "claude-haiku-4-5", "max_tokens": 4_096, "system": system["content"], "messages": [user]}
    ).encode()


def _content(body: dict[str, list[dict[str, str]]]) -> bytes:
    system, user = [{"parts": [{"text": message["content"]}]} for message in body["messages"]]
    return json.dumps({"systemInstruction": system, "contents": [{"role": "user", **user}]}).encode()
