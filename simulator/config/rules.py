"""Rules of answers, as configuration: which requests get which answers. Pure data; `simulator.rules` acts on them."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from simulator.config.section import Count, Positive, Seconds, Section

Regex = str
RuleName = Annotated[str, Meta(pattern="^[A-Za-z0-9_.-]{0,64}$")]


class TextMatch(Section, frozen=True):
    """What a text must be; all that is given must hold."""

    exact: str | None = None
    """The whole text."""
    contains: str | None = None
    """A part of the text, in upper or lower case alike."""
    regex: Regex | None = None
    """A regular expression (Python's) that matches somewhere in the text; its groups are `{{ match.1 }}` …"""


class Match(Section, frozen=True):
    """Which requests a rule is for; all that is given must hold. Patterns are in the style of file names."""

    model: str | None = None
    """Pattern of the model's name, as the request has it."""
    provider: str | None = None
    """Whose API is asked: `openai`, `anthropic` …"""
    key: str | None = None
    """Pattern of the API key."""
    headers: dict[str, str] = {}
    """Patterns of request headers by name; a header that is missing matches none."""
    last_message: TextMatch | None = None
    """The text of the last message."""
    system: TextMatch | None = None
    """The text of the system messages, joined by line feeds."""
    turn: Positive | None = None
    """How many messages of the user the conversation has."""
    tool_result: str | None = None
    """Pattern of the name of the tool whose result is the last message."""
    tool: str | None = None
    """Pattern of the name of a tool that the request offers."""
    endpoint: str | None = None
    """Pattern of what is asked for, as metrics call it: `chat_completions`, `messages`, `embeddings` …"""
    session: str | None = None
    """Pattern of the `x-session-id`; a request without one matches none."""
    stream: bool | None = None
    """True for requests that want a stream, false for all others."""


class RuleCall(Section, frozen=True):
    """A call of a tool. The rule holds only for requests that offer a tool of this name."""

    name: str = ""
    """The tool's name."""
    arguments: dict[str, Any] = {}
    """Its arguments; texts in them may be templates."""


class RuleAnswer(Section, frozen=True):
    """One answer of a rule. `text`, `json`, `tool_calls`, `refusal`, `error`, `echo`: at most one kind of them.

    With none of them the request is answered as if there were no rule. Texts are templates: `{{ last_message }}`,
    `{{ system }}`, `{{ model }}`, `{{ provider }}`, `{{ turn }}`, `{{ count }}`, `{{ tool_result }}`,
    `{{ header.NAME }}`, `{{ match.1 }}`.
    """

    text: str | None = None
    """What is said; beside `tool_calls` what is said before them."""
    json: Any = None
    """What is said, as JSON; texts in it may be templates."""
    tool_calls: tuple[RuleCall, ...] = ()
    """Which tools are called."""
    refusal: str | None = None
    """The words in which the model refuses."""
    echo: bool = False
    """True says the last message again."""
    error: Literal["authentication", "rate_limit", "overloaded", "server_error", "timeout"] | None = None
    """A failure in the provider's own shape."""
    retry_after_secs: Seconds | None = None
    """What the Retry-After header of the failure says; null sends none."""
    after_ms: Annotated[float, Meta(ge=0, le=3_600_000)] = 0
    """How long the failure is held back; a `timeout` then closes the connection."""
    status: Annotated[int, Meta(ge=400, le=599)] | None = None
    """The failure's own status; a `timeout` that has one is answered. Null is the provider's usual one."""
    type: str | None = None
    """The failure's own type, where the provider's errors have one (`billing_error`); Gemini calls it its status."""
    code: str | None = None
    """The failure's own code, where the provider's errors have one; empty for none."""
    message: str | None = None
    """The failure's own sentence."""
    reasoning: str | None = None
    """What the model thinks first."""
    finish: Literal["stop", "length", "content_filter"] | None = None
    """Why the answer ends; null says what is so."""
    times: Positive = 1
    """How often in a row this answer is given."""


class Rule(Section, frozen=True):
    """What some requests are answered with. The first rule that matches a request holds for it."""

    name: RuleName = ""
    """What it is called in logs and metrics; its number if empty. The fleet counts a rule's requests by it."""
    when: Match = Match()
    """Which requests; all if nothing is given."""
    answers: tuple[RuleAnswer, ...] = ()
    """The answers, one after the other, counted over the whole fleet."""
    then: Literal["last", "repeat", "pass"] = "last"
    """After the last answer: give it again, begin anew, or answer as if there were no rule."""
    count_by: Literal["fleet", "key"] = "fleet"
    """Whether all requests are counted together or those of each API key apart."""
    forget_secs: Count = 86_400
    """How long after the first request the counting begins anew; 0 means a day."""
