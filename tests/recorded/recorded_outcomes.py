"""What the model did in a recorded answer, as a rule that makes ours do the same. Pure.

What a model decides is no part of the wire: a simulator that says the same can be compared in how it says so.
"""

import json

from recorded_bodies import frames
from recorded_cassettes import CHAT, EMBEDDINGS, MESSAGES, RESPONSES

HEADER = "x-recorded"
THOUGHT = "Let me think about what was asked, step by step, before I say it. "
LENGTH = 6
"""How many such sentences make enough thought for one part of a summary."""
RUNS = {
    "web_search_call": "web_search_preview",
    "file_search_call": "file_search",
    "code_interpreter_call": "code_interpreter",
    "image_generation_call": "image_generation",
    "mcp_list_tools": "mcp",
    "mcp_call": "mcp",
}
"""What a tool that the service runs leaves, and the tool's type."""


def rule(exchange):
    """A rule for requests with the exchange's name in `HEADER`; None where there is nothing to say."""
    if exchange.kind == EMBEDDINGS:
        return None
    take = {CHAT: _chat, MESSAGES: _message}.get(exchange.kind, _response)
    text, calls, thinks, finish = take(exchange)
    answer = {"text": text.replace("{{", "{ {")}
    if calls:
        answer["tool_calls"] = [{"name": name, "arguments": arguments} for name, arguments in calls]
    if thinks:
        answer["reasoning"] = THOUGHT * LENGTH * thinks
    if finish:
        answer["finish"] = finish
    return {"when": {"headers": {HEADER: exchange.name}}, "answers": [answer]}


def _chat(exchange):
    if not exchange.streamed:
        choice = json.loads(exchange.body)["choices"][0]
        message = choice["message"]
        calls = [
            (call["function"]["name"], json.loads(call["function"]["arguments"]))
            for call in message.get("tool_calls") or ()
        ]
        return message["content"] or "", calls, 0, _length(choice["finish_reason"] == "length")
    text, names, written, cut = "", [], [], False
    for frame in frames(exchange.body):
        for choice in frame["choices"] if isinstance(frame, dict) else ():
            cut = cut or choice["finish_reason"] == "length"
            text += choice["delta"].get("content") or ""
            for call in choice["delta"].get("tool_calls") or ():
                if "id" in call:
                    names.append(call["function"]["name"])
                    written.append("")
                written[call["index"]] += call["function"]["arguments"]
    return text, list(zip(names, map(json.loads, written), strict=True)), 0, _length(cut)


def hosted(exchange):
    """The `tool_choice` that makes ours run the tool that the service ran by itself; None if it ran none."""
    if exchange.kind != RESPONSES or "tool_choice" in exchange.asked:
        return None
    for item in _output(exchange)[0]:
        kind = RUNS.get(item["type"])
        for tool in exchange.asked.get("tools", ()) if kind else ():
            if tool["type"] == kind:
                return {key: tool[key] for key in ("type", "server_label") if key in tool}
    return None


def _output(exchange):
    """(items, status) of a recorded response."""
    if not exchange.streamed:
        told = json.loads(exchange.body)
        return told["output"], told["status"]
    told = frames(exchange.body)
    ended = told[-1]["response"]
    # One front door leaves the items out of the last event.
    done = [frame["item"] for frame in told if frame["type"] == "response.output_item.done"]
    return ended["output"] or done, ended["status"]


def _response(exchange):
    output, status = _output(exchange)
    text, calls, thinks = "", [], 0
    for item in output:
        if item["type"] == "reasoning":
            thinks = max(thinks, len(item["summary"]), 1)
        elif item["type"] == "message":
            text += "".join(part.get("text", "") for part in item["content"])
        elif item["type"] == "function_call":
            calls.append((item["name"], json.loads(item["arguments"])))
        elif item["type"] == "custom_tool_call":
            calls.append((item["name"], {"input": item["input"]}))
        elif item["type"] == "apply_patch_call":
            calls.append(("apply_patch", {"operation": item["operation"]}))
    return text, calls, thinks, _length(status == "incomplete")


def _message(exchange):
    blocks, stop = [], None
    if not exchange.streamed:
        told = json.loads(exchange.body)
        blocks, stop = told["content"], told["stop_reason"]
    for frame in frames(exchange.body) if exchange.streamed else ():
        if frame["type"] == "content_block_start":
            blocks.append({**frame["content_block"], "written": ""})
        elif frame["type"] == "content_block_delta":
            delta = frame["delta"]
            if delta["type"] == "text_delta":
                blocks[-1]["text"] += delta["text"]
            elif delta["type"] == "input_json_delta":
                blocks[-1]["written"] += delta["partial_json"]
        elif frame["type"] == "message_delta":
            stop = frame["delta"]["stop_reason"]
    text = "".join(block["text"] for block in blocks if block["type"] == "text")
    calls = [
        (block["name"], json.loads(block["written"]) if block.get("written") else block["input"])
        for block in blocks
        if block["type"] == "tool_use"
    ]
    return text, calls, int(any("thinking" in block["type"] for block in blocks)), _length(stop == "max_tokens")


def _length(so):
    return "length" if so else None
