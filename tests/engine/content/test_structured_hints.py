"""What a conversation says goes into the fields that it suits, in several languages."""

# ruff: noqa: RUF001 - letters of other scripts are meant

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.engine.content.structured import Draws, Kind, compile_schema, generate, harvest, json_object, words
from simulator.engine.request import Message

S = {"type": "string"}
I = {"type": "integer"}  # noqa: E741 - beside S
N = {"type": "number"}
CITY = {"city": S}


def draws(index=0):
    return Draws(words(b"k" * 16, b"digest", "hints", index))


def fill(said, **properties):
    messages = [Message("user", said)] if isinstance(said, str) else said
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return generate(compile_schema(schema), draws(), harvest(messages))


@pytest.mark.parametrize(
    ("said", "city"),
    [
        ("What's the weather in Paris?", "Paris"),
        ("weather in paris please", "paris"),
        ("Paris weather?", "Paris"),
        ("What is it like in New York City today?", "New York City"),
        ("tell me the weather in san francisco", "san francisco"),
        ("Is it raining in St. Louis right now?", "St. Louis"),
        ("I'm Bob and I want the weather for London", "London"),
        ("東京の天気は?", "東京"),
        ("北京的天气怎么样？", "北京"),
        ("서울 날씨 어때?", "서울"),
        ("Какая погода в Москве?", "Москве"),
        ("Wie ist das Wetter in München?", "München"),
        ("¿Qué tiempo hace en Buenos Aires?", "Buenos Aires"),
        ("Quel temps fait-il à Rio de Janeiro ?", "Rio de Janeiro"),
        ("ما الطقس في باريس؟", "باريس"),
        ("מה מזג האוויר בתל אביב?", "תל אביב"),
        ("दिल्ली में मौसम कैसा है?", "दिल्ली"),
        ("อากาศในกรุงเทพเป็นอย่างไร", "กรุงเทพ"),
        ("Τι καιρό κάνει, Αθήνα;", "Αθήνα"),
    ],
)
def test_a_city_in_any_script(said, city):
    assert fill(said, city=S) == {"city": city}


@pytest.mark.parametrize(
    ("said", "one", "other"),
    [
        ("from Oslo to 東京", "Oslo", "東京"),
        ("a flight to Rome from Berlin", "Berlin", "Rome"),
        ("東京から大阪まで", "東京", "大阪"),
        ("我想从北京飞到上海", "北京", "上海"),
        ("서울에서 부산까지", "서울", "부산"),
        ("رحلة من القاهرة إلى دبي", "القاهرة", "دبي"),
        ("von Wien nach Graz", "Wien", "Graz"),
        ("desde Madrid hasta Lisboa", "Madrid", "Lisboa"),
        ("get me from boston to denver", "boston", "denver"),
    ],
)
def test_from_and_to(said, one, other):
    assert fill(said, **{"from": S, "to": S}) == {"from": one, "to": other}
    assert fill(said, destination=S, origin=S) == {"destination": other, "origin": one}


CASES = [
    (
        'Book a table for 4 at 19:30 tomorrow at "Chez Nous"',
        {"party_size": I, "time": S, "restaurant": S},
        {"party_size": 4, "time": "19:30", "restaurant": "Chez Nous"},
    ),
    (
        "weather in Paris in celsius",
        {**CITY, "unit": {"enum": ["fahrenheit", "celsius"]}},
        {"city": "Paris", "unit": "celsius"},
    ),
    ("Multiply 12 and 7", {"a": N, "b": N}, {"a": 12, "b": 7}),
    (
        "Convert 99.5 USD to EUR",
        {"amount": N, "from_currency": S, "to_currency": S},
        {"amount": 99.5, "from_currency": "USD", "to_currency": "EUR"},
    ),
    (
        "Convert 100 usd to eur",
        {"amount": N, "to": {"enum": ["usd", "eur"]}, "from": {"enum": ["usd", "eur"]}},
        {"amount": 100, "to": "eur", "from": "usd"},
    ),
    (
        "Invite Alice, Bob and Chloé to a meeting at 3pm on 12 March 2026",
        {"attendees": {"type": "array", "items": S}, "start_time": S, "date": {"type": "string", "format": "date"}},
        {"attendees": ["Alice", "Bob", "Chloé"], "start_time": "15:00", "date": "2026-03-12"},
    ),
    (
        'Email bob@example.org with subject "Hello" saying "see you soon"',
        {"to": {"type": "string", "format": "email"}, "subject": S, "body": S},
        {"to": "bob@example.org", "subject": "Hello", "body": "see you soon"},
    ),
    ("What is 17*23+4?", {"expression": S}, {"expression": "17*23+4"}),
    (
        "search the web for cheap laptops under $800",
        {"query": S, "max_price": N},
        {"query": "cheap laptops under $800", "max_price": 800},
    ),
    ("Get the user with id 42", {"user_id": I}, {"user_id": 42}),
    ("Where is order ORD-7781?", {"order_id": S}, {"order_id": "ORD-7781"}),
    ("Please read /etc/hosts", {"path": S}, {"path": "/etc/hosts"}),
    (
        "Open https://example.com/a?b=1.",
        {"url": {"type": "string", "format": "uri"}},
        {"url": "https://example.com/a?b=1"},
    ),
    (
        "a hotel in Rome with wifi but no breakfast for 2 adults, 3 nights",
        {**CITY, "wifi": {"type": "boolean"}, "breakfast": {"type": "boolean"}, "adults": I, "nights": I},
        {"city": "Rome", "wifi": True, "breakfast": False, "adults": 2, "nights": 3},
    ),
    (
        "John Smith is 34 years old and lives in Berlin.",
        {"name": S, "age": I, **CITY},
        {"name": "John Smith", "age": 34, "city": "Berlin"},
    ),
    (
        "meet me on 2026-05-01 at 14:30",
        {"starts_at": {"type": "string", "format": "date-time"}},
        {"starts_at": "2026-05-01T14:30:00Z"},
    ),
    (
        "Translate “good morning” to French",
        {"text": S, "target_language": S},
        {"text": "good morning", "target_language": "French"},
    ),
    ("2026年3月5日の予定", {"date": {"type": "string", "format": "date"}}, {"date": "2026-03-05"}),
    ("Buche einen Tisch für 6 Personen um 19 Uhr", {"people": I, "time": S}, {"people": 6, "time": "19:00"}),
]


@pytest.mark.parametrize(("said", "properties", "expected"), CASES, ids=[case[0][:40] for case in CASES])
def test_what_is_said_fills_the_fields(said, properties, expected):
    assert fill(said, **properties) == expected


def test_a_value_must_fit_the_schema():
    assert fill("in Paris", city={"type": "string", "pattern": "^[A-Z]{3}$"})["city"] != "Paris"
    assert fill("for 400 people", people={"type": "integer", "maximum": 20})["people"] <= 20
    assert fill("user 3.5", user_id=I)["user_id"] >= 1000
    assert fill("in Paris", country_code={"enum": ["DE", "FR"]})["country_code"] in {"DE", "FR"}


def test_the_last_message_counts_before_earlier_ones():
    messages = [Message("user", "weather in Paris"), Message("assistant", "Sunny."), Message("user", "and in Oslo?")]
    assert fill(messages, city=S) == {"city": "Oslo"}
    messages[-1] = Message("user", "and tomorrow?")
    assert fill(messages, city=S) == {"city": "Paris"}


def test_an_identifier_comes_from_a_tools_result():
    messages = [
        Message("user", "Where is my order?"),
        Message("assistant"),
        Message("tool", '{"orders": [{"id": "ord_123", "total": 12.5}], "customer": {"email": "a@example.com"}}'),
    ]
    assert fill(messages, order_id=S, email=S, total=N) == {
        "order_id": "ord_123",
        "email": "a@example.com",
        "total": 12.5,
    }


def test_a_result_in_words_is_read_too():
    messages = [Message("user", "Go on."), Message("tool", "Created ticket TCK-99 for you.")]
    assert fill(messages, ticket_id=S) == {"ticket_id": "TCK-99"}


def test_days_are_counted_from_the_day_that_the_system_names():
    date = {"type": "string", "format": "date"}
    system = Message("system", "Today is 2024-02-28.")
    assert fill([system, Message("user", "book it for tomorrow")], date=date) == {"date": "2024-02-29"}
    assert fill([system, Message("user", "next Monday please")], date=date) == {"date": "2024-03-04"}
    assert fill("book it for tomorrow", date=date) == {"date": "2026-01-16"}
    assert fill("book it for tomorrow", date=S) == {"date": "tomorrow"}


def test_a_mention_fills_one_field():
    made = fill("fly to Paris", city=S, country=S)
    assert sorted(made.values()).count("Paris") == 1


def test_enumerations_are_numbered():
    found = harvest([Message("user", "Compare Oslo, Rome and 東京 with Lima")]).mentions
    cities = {each.text: each.list for each in found if each.kind is Kind.NAME}
    assert cities["Oslo"] == cities["Rome"] == cities["東京"] != 0
    assert cities["Lima"] == 0


@settings(max_examples=200)
@given(text=st.text(max_size=200))
def test_any_text_can_be_read(text):
    hints = harvest([Message("user", text), Message("tool", text)])
    assert all(each.text for each in hints.mentions if each.kind is not Kind.VALUE)


@pytest.mark.parametrize(
    "piece", ["a", "A ", "1", "1-", "a_1", "{", '"', "a.", "/a", "en ", "和", "Ａ", "٣", "from A to ", "1,", "@a"]
)
def test_a_long_text_takes_time_in_proportion(piece):
    """Of a long text only the beginning and the end are read, so a million characters cost what 2,000 do."""
    long = harvest([Message("user", piece * 1_000_000)])
    assert len(long.request) == 2_001
    assert len(long.mentions) <= 120


def test_the_beginning_and_the_end_of_a_long_text_are_read():
    filler = "and so on it went " * 1_000
    assert fill(f"Weather in Oslo. {filler}", city=S) == {"city": "Oslo"}
    assert fill(f"{filler}. What is the weather in Lima?", city=S) == {"city": "Lima"}


JSON = [
    ("return JSON with keys name and age for John Smith, 34 years old", {"name": "John Smith", "age": 34}),
    ('Reply as {"city": "string", "visited": true} about Lisbon', {"city": "Lisbon"}),
    ('JSON format: {"name": string, "tags": list} about Ann', {"name": "Ann"}),
]


@pytest.mark.parametrize(("said", "expected"), JSON)
def test_an_object_without_a_schema_has_the_keys_that_were_named(said, expected):
    messages = [Message("user", said)]
    made = json_object(messages, draws(), harvest(messages))
    assert made.items() >= expected.items()


def test_types_of_keys_without_a_schema():
    messages = [Message("user", "Answer in JSON with the fields: title, tags, is_done, price and count (string)")]
    made = json_object(messages, draws(), harvest(messages))
    assert {name: type(value) for name, value in made.items()} == {
        "title": str,
        "tags": list,
        "is_done": bool,
        "price": float,
        "count": str,
    }


@settings(max_examples=100)
@given(text=st.one_of(st.text(max_size=80), st.text('{}[]":,ab1 ', max_size=60).map(lambda each: "keys " + each)))
def test_an_object_is_made_of_any_text(text):
    messages = [Message("user", text)]
    assert json_object(messages, draws(), harvest(messages))
