"""What of a configuration is never shown: keys, and passwords in addresses. Pure."""

import re
from typing import Any, Final

SECRET: Final = frozenset({"api_key"})
"""Keys whose values are never shown."""
MASK: Final = "***"
_PASSWORD = re.compile(r"(?<=://)([^/@\s]*):[^/@\s]*@")


def masked(value: Any, key: str = "") -> Any:
    """A value of a configuration as it may be shown; `key` is the last of its path. Mappings are gone through."""
    if isinstance(value, dict):
        return {name: masked(child, name) for name, child in value.items()}
    if isinstance(value, str):
        return MASK if key in SECRET else _PASSWORD.sub(rf"\1:{MASK}@", value)
    return value
