import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.config.catalogue import ModelCard
from simulator.engine.request import Format, Message, Operation, Part, Request, Tool, ToolCall
from simulator.engine.tokens import load, prompt_tokens
from simulator.engine.tokens.bounded import EXACT_CHARACTERS

CARD = ModelCard(id="gpt-4o", provider="openai", tokenizer="o200k")


def chat(*messages: Message, tools: tuple[Tool, ...] = (), format: Format = Format()) -> Request:  # noqa: A002, B008
    return Request(Operation.CHAT, "openai", "gpt-4o", messages=messages, tools=tools, format=format)


class Recorder:
    """A tokenizer of one token a character that keeps what it was shown."""

    name = "estimate"

    def __init__(self) -> None:
        self.shown = 0

    def count(self, text: str) -> int:
        self.shown += len(text)
        return len(text)

    def pieces(self, text: str) -> list[str]:
        return list(text)


@pytest.fixture
def exact() -> None:
    pytest.importorskip("rs_bpe")


@pytest.mark.usefixtures("exact")
@pytest.mark.parametrize(
    ("messages", "tokens"),
    [
        # What the real API reports for these prompts.
        ([("user", "Hello")], 8),
        ([("user", "Hello!")], 9),
        ([("user", "Say this is a test")], 12),
        ([("system", "You are a helpful assistant."), ("user", "Hello!")], 19),
    ],
)
def test_known_prompts_of_gpt_4o(messages: list[tuple[str, str]], tokens: int) -> None:
    request = chat(*(Message(role, text) for role, text in messages))
    assert prompt_tokens(request, CARD, load("o200k")) == tokens


@given(texts=st.lists(st.text(max_size=80), max_size=5))
def test_a_conversation_is_the_sum_of_its_messages(texts: list[str]) -> None:
    tokenizer = load("estimate")
    expected = sum(3 + 1 + tokenizer.count(text) for text in texts) + (3 if texts else 0)
    assert prompt_tokens(chat(*(Message("user", text) for text in texts)), CARD, tokenizer) == expected


def test_a_name_adds_its_price_and_its_tokens() -> None:
    tokenizer = load("estimate")
    plain = prompt_tokens(chat(Message("user", "Hi")), CARD, tokenizer)
    assert prompt_tokens(chat(Message("user", "Hi", name="ann")), CARD, tokenizer) == plain + 1 + 1


def test_the_card_sets_the_prices() -> None:
    card = ModelCard(id="m", provider="p", tokens_per_message=5, tokens_per_name=-1, reply_priming=2)
    assert prompt_tokens(chat(Message("user", "Hi", name="ann")), card, load("estimate")) == 5 + 1 + 1 + (1 - 1) + 2


def test_parts_carry_their_own_price() -> None:
    request = chat(Message("user", "", parts=(Part("image", "u", 85), Part("audio", "v", 15))))
    assert prompt_tokens(request, CARD, load("estimate")) == 3 + 1 + 100 + 3


def test_an_unusual_role_is_counted_as_text() -> None:
    tokenizer = load("estimate")
    role = "narrator of the story"
    assert prompt_tokens(chat(Message(role, "x")), CARD, tokenizer) == 3 + tokenizer.count(role) + 1 + 3


def test_calls_tools_and_schemas_add_up() -> None:
    tokenizer = load("estimate")
    plain = prompt_tokens(chat(Message("user", "Hi")), CARD, tokenizer)
    schema: dict[str, object] = {"type": "object", "properties": {"city": {"type": "string"}}}
    called = Message("user", "Hi", calls=(ToolCall("call_1", "find", '{"city": "Paris"}'),))
    assert prompt_tokens(chat(called), CARD, tokenizer) == plain + 3 + 1 + tokenizer.count('{"city": "Paris"}')
    assert prompt_tokens(chat(Message("user", "Hi"), tools=(Tool("find", "", schema),)), CARD, tokenizer) > plain
    formatted = chat(Message("user", "Hi"), format=Format("json_schema", schema))
    assert prompt_tokens(formatted, CARD, tokenizer) == plain + 3 + 3 + tokenizer.count("city:string:")


def test_inputs_are_counted_plainly() -> None:
    tokenizer = load("estimate")
    request = Request(Operation.EMBEDDING, "openai", "m", inputs=("one two", "three"))
    assert prompt_tokens(request, CARD, tokenizer) == 3
    assert prompt_tokens(Request(Operation.COMPLETION, "openai", "m", inputs=("",)), CARD, tokenizer) == 0


def test_token_inputs_count_by_their_number() -> None:
    request = Request(Operation.EMBEDDING, "openai", "m", inputs=("[1,2,3]", "[9]"), token_inputs=((1, 2, 3), (9,)))
    assert prompt_tokens(request, CARD, load("estimate")) == 4


def test_a_request_of_many_long_texts_shows_the_tokenizer_a_bounded_part() -> None:
    recorder = Recorder()
    messages = tuple(Message("user", "x" * 100_000) for _ in range(50))
    total = prompt_tokens(chat(*messages), CARD, recorder)
    assert recorder.shown < EXACT_CHARACTERS + 200_000
    assert total == pytest.approx(5_000_000, rel=0.001)


def test_a_large_schema_is_bounded_too() -> None:
    recorder = Recorder()
    schema: dict[str, object] = {
        "properties": {"k" * 1_000 + str(n): {"description": "d" * 1_000} for n in range(2_000)}
    }
    total = prompt_tokens(chat(Message("user", "x"), tools=(Tool("t", "", schema),)), CARD, recorder)
    assert recorder.shown < EXACT_CHARACTERS + 10_000
    assert total > 4_000_000
