"""Values that fit a JSON Schema, with what the conversation offers in them. Pure.

shape = compile_schema(schema)                      # once a schema
hints = harvest(messages)                           # once a request
value = generate(shape, Draws(words(key, digest, "tool", 0)), hints)
"""

from simulator.engine.content.structured.cache import Shapes
from simulator.engine.content.structured.draws import Draws, words
from simulator.engine.content.structured.errors import SchemaProblem, Unsatisfiable, UnsupportedSchema
from simulator.engine.content.structured.harvest import harvest
from simulator.engine.content.structured.hints import NO_HINTS, Hints, Kind, Mention
from simulator.engine.content.structured.json_object import json_object
from simulator.engine.content.structured.shape import Shape, compile_schema
from simulator.engine.content.structured.writing import generate

__all__ = [
    "NO_HINTS",
    "Draws",
    "Hints",
    "Kind",
    "Mention",
    "SchemaProblem",
    "Shape",
    "Shapes",
    "Unsatisfiable",
    "UnsupportedSchema",
    "compile_schema",
    "generate",
    "harvest",
    "json_object",
    "words",
]
