"""Why the engine does not plan a request. All are the caller's fault; the server lets the provider word them.

EngineRefusal
├── UnknownModel        the model is not in the catalogue
├── ContextExceeded     the prompt alone does not fit the context window
├── OutputExceeded      max_tokens is beyond what the model can write
├── WrongKind           the model is not of the kind that the operation needs
├── WrongDimensions     the model has no embeddings of that size
└── BadSchema           no value can be made from a JSON Schema of the request
"""


class EngineRefusal(Exception):  # noqa: N818 - a refusal is an answer, not a crash
    """The root: a request that cannot be planned."""


class UnknownModel(EngineRefusal):
    """`model` is not known and `models.allow_unknown` is off."""

    def __init__(self, model: str) -> None:
        super().__init__(f"unknown model {model!r}")
        self.model = model


class ContextExceeded(EngineRefusal):
    """`asked` prompt tokens do not fit into a window of `limit`."""

    def __init__(self, model: str, limit: int, asked: int) -> None:
        super().__init__(f"{asked} prompt tokens exceed the context window of {limit}")
        self.model = model
        self.limit = limit
        self.asked = asked


class OutputExceeded(EngineRefusal):
    """`asked` output tokens are more than the `limit` of the model."""

    def __init__(self, model: str, limit: int, asked: int) -> None:
        super().__init__(f"max_tokens {asked} exceeds the model's limit of {limit}")
        self.model = model
        self.limit = limit
        self.asked = asked


class WrongKind(EngineRefusal):
    """An operation for `wanted` models (`chat`, `completion`, `embedding`) was asked of another kind."""

    def __init__(self, model: str, kind: str, wanted: str) -> None:
        super().__init__(f"{model} is a model of kind {kind}, not {wanted}")
        self.model = model
        self.kind = kind
        self.wanted = wanted


class WrongDimensions(EngineRefusal):
    """`asked` dimensions; the model has up to `limit`, or cannot be shortened at all (`limit` None)."""

    def __init__(self, model: str, limit: int | None, asked: int) -> None:
        super().__init__(f"{model} has no embeddings of {asked} dimensions")
        self.model = model
        self.limit = limit
        self.asked = asked


class BadSchema(EngineRefusal):
    """The schema of tool `index` (`where` is `tools`) or of the answer (`where` is `format`) cannot be used.

    `path` is a JSON Pointer into the schema (`#/properties/city`), `why` a sentence.
    """

    def __init__(self, where: str, index: int, path: str, why: str) -> None:
        self.place = f"{where}[{index}]" if where == "tools" else where
        super().__init__(f"invalid schema of {self.place}, at {path}: {why}")
        self.where = where
        self.index = index
        self.path = path
        self.why = why
