"""How free the model is to use the tools of a Responses request, as types. Pure data."""

from typing import Annotated, Literal

from msgspec import Meta

from simulator.providers.openai.schema import Body, Free


class ChooseFunction(Body, tag_field="type", tag="function"):
    """This function must be called."""

    name: str


class ChooseCustom(Body, tag_field="type", tag="custom"):
    """This free-text tool must be called."""

    name: str


class ChooseMcp(Body, tag_field="type", tag="mcp"):
    """A tool of this server must be called."""

    server_label: str
    name: str | None = None


class ChooseAmong(Body, tag_field="type", tag="allowed_tools"):
    """Only these tools may be called. Of each its `type` and its name are read."""

    mode: Literal["auto", "required"]
    tools: Annotated[list[Free], Meta(min_length=1, max_length=128)]


class ChooseBuiltIn(Body):
    """A tool that the service knows must be used; the `type` says which."""


class ChooseFileSearch(ChooseBuiltIn, tag_field="type", tag="file_search"):
    """`file_search`."""


class ChooseWebSearch(ChooseBuiltIn, tag_field="type", tag="web_search"):
    """`web_search`."""


class ChooseDatedWebSearch(ChooseBuiltIn, tag_field="type", tag="web_search_2025_08_26"):
    """`web_search`, of a date."""


class ChooseWebSearchPreview(ChooseBuiltIn, tag_field="type", tag="web_search_preview"):
    """`web_search_preview`."""


class ChooseDatedWebSearchPreview(ChooseBuiltIn, tag_field="type", tag="web_search_preview_2025_03_11"):
    """`web_search_preview`, of a date."""


class ChooseComputer(ChooseBuiltIn, tag_field="type", tag="computer"):
    """`computer`."""


class ChooseComputerUse(ChooseBuiltIn, tag_field="type", tag="computer_use"):
    """`computer`, by another name."""


class ChooseComputerPreview(ChooseBuiltIn, tag_field="type", tag="computer_use_preview"):
    """`computer_use_preview`."""


class ChooseImage(ChooseBuiltIn, tag_field="type", tag="image_generation"):
    """`image_generation`."""


class ChooseCode(ChooseBuiltIn, tag_field="type", tag="code_interpreter"):
    """`code_interpreter`."""


class ChooseApplyPatch(ChooseBuiltIn, tag_field="type", tag="apply_patch"):
    """`apply_patch`."""


class ChooseShell(ChooseBuiltIn, tag_field="type", tag="shell"):
    """`shell`."""


class ChooseProgram(ChooseBuiltIn, tag_field="type", tag="programmatic_tool_calling"):
    """`programmatic_tool_calling`."""


ToolChoiceBody = (
    Literal["none", "auto", "required"]
    | ChooseFunction
    | ChooseCustom
    | ChooseMcp
    | ChooseAmong
    | ChooseFileSearch
    | ChooseWebSearch
    | ChooseDatedWebSearch
    | ChooseWebSearchPreview
    | ChooseDatedWebSearchPreview
    | ChooseComputer
    | ChooseComputerUse
    | ChooseComputerPreview
    | ChooseImage
    | ChooseCode
    | ChooseApplyPatch
    | ChooseShell
    | ChooseProgram
    | None
)
