"""Regular expressions as JSON Schema means them: read once, matched in bounded time, and written from. Pure."""

from simulator.engine.content.structured.regex.match import Matcher, Meter, MeterError
from simulator.engine.content.structured.regex.parse import PatternProblem, parse
from simulator.engine.content.structured.regex.write import write

__all__ = ["Matcher", "Meter", "MeterError", "PatternProblem", "parse", "write"]
