"""What the tests of Node's clients expect of any of them."""

WEATHER = ["get_weather", {"city": "Paris"}]


def same_text(plain, streamed):
    """Whether a stream is the plain answer in pieces."""
    streamed = dict(streamed)
    assert len(plain["text"]) > 20
    assert plain["usage"] > 10
    assert streamed.pop("chunks") > 10
    assert streamed == plain
    return True


def errands(done):
    """Whether an agent has called its three tools once each, and then come to an end."""
    (weather, money, (mail, letter)) = done["calls"]
    assert weather == WEATHER
    assert money == ["convert_currency", {"amount": 20, "currency": "USD"}]
    assert (mail, letter["to"]) == ("send_email", "ann@example.com")
    assert done["text"].strip()
    return True


def ann(person):
    """Whether an answer in a shape says what was said."""
    interests = person["interests"]
    assert all(isinstance(interest, str) for interest in interests)
    assert person == {"name": "Ann", "age": 31, "interests": interests}
    return True
