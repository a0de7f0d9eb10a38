"""When an answer calls tools, which ones and with what arguments. Pure."""

from simulator.engine.content.tools.choice import Mode, ToolChoice, read_choice
from simulator.engine.content.tools.decision import TEXT, Called, Decision, decide
from simulator.engine.content.tools.pieces import json_text, pieces_of

__all__ = ["TEXT", "Called", "Decision", "Mode", "ToolChoice", "decide", "json_text", "pieces_of", "read_choice"]
