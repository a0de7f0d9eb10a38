"""What the tests of this folder ask of any typed response."""

from pydantic import BaseModel

TINY_PNG = (
    "data:image/png;base64,"
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "unit": {"enum": ["c", "f"]}},
    "required": ["city"],
}


def strangers(value, at="answer"):
    """The places of fields that the client's types do not know, anywhere below a response."""
    found = []
    if isinstance(value, BaseModel):
        found += [f"{at}.{name}" for name in value.model_extra or ()]
        for name in type(value).model_fields:
            found += strangers(getattr(value, name), f"{at}.{name}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found += strangers(item, f"{at}[{index}]")
    return found


def turn(text, role="user"):
    return {"role": role, "content": text}
