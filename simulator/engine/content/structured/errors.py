"""Why no value is made from a schema. Pure.

All are the fault of whoever wrote the schema; a dialect words them as a 4xx that names the field.

SchemaProblem
├── Unsatisfiable      no value can be valid, or none was found within the bounds
└── UnsupportedSchema  the schema is malformed, beyond the limits, or uses what is not understood
"""


class SchemaProblem(ValueError):  # noqa: N818 - the fault is the schema's
    """The root. `path` is a JSON Pointer into the schema (`#/properties/city`), `why` a sentence."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = path
        self.why = why


class Unsatisfiable(SchemaProblem):
    """No valid value."""


class UnsupportedSchema(SchemaProblem):
    """A schema that is not understood."""
