"""Background responses through the official OpenAI client, at a pace: polled, cancelled, streamed again."""

import openai
import pytest
from client_checks import strangers
from serving import Simulator, wait_for

FAST, SLOW = "gpt-4o-mini", "gpt-4o"
ASK = {"input": "Tell me of tides.", "background": True, "max_output_tokens": 20}


def pace(ttft_ms, itl_ms):
    times = {"ttft": ttft_ms, "itl": itl_ms}
    constant = {name: {"distribution": "constant", "value_ms": value} for name, value in times.items()}
    return {
        "latency": {**constant, "prefill_ms_per_token": 0},
        "response": {"length": {"p50": 50, "p95": 60, "min": 40}},
    }


@pytest.fixture(scope="module")
def paced(tmp_path_factory):
    config = {"providers": {FAST: pace(150, 10), SLOW: pace(60_000, 10)}}
    with Simulator(tmp_path_factory.mktemp("background"), config=config, workers=2) as fleet:
        yield fleet


@pytest.fixture
def background(paced):
    with openai.OpenAI(
        base_url=f"{paced.url}/v1", api_key="sk-test", max_retries=0, _strict_response_validation=True
    ) as client:
        yield client


def test_a_response_is_polled_to_its_end(background):
    response = background.responses.create(model=FAST, **ASK)
    assert strangers(response) == []
    assert (response.status, response.output, response.usage) == ("queued", [], None)
    seen = []

    def ended():
        found = background.responses.retrieve(response.id)
        if found.status not in seen:
            seen.append(found.status)
        return found.status not in {"queued", "in_progress"} and found

    final = wait_for(ended, "the background response to end")
    assert seen == [status for status in ("queued", "in_progress", "incomplete") if status in seen]
    assert seen[-1] == "incomplete"
    assert strangers(final) == []
    assert final.usage.output_tokens == 20
    assert final.output_text
    foreground = background.responses.create(model=FAST, **{**ASK, "background": False})
    assert final.output == foreground.output


def test_a_response_is_cancelled(background):
    response = background.responses.create(model=SLOW, **ASK)
    cancelled = background.responses.cancel(response.id)
    assert strangers(cancelled) == []
    assert (cancelled.status, cancelled.output, cancelled.usage) == ("cancelled", [], None)
    assert background.responses.cancel(response.id) == cancelled == background.responses.retrieve(response.id)
    with pytest.raises(openai.BadRequestError, match="its status is 'cancelled'"):
        background.responses.create(model=FAST, input="x", previous_response_id=response.id)
    plain = background.responses.create(model=FAST, **{**ASK, "background": False})
    with pytest.raises(openai.BadRequestError, match="Cannot cancel a synchronous response"):
        background.responses.cancel(plain.id)


def test_a_stream_is_taken_up_again(background):
    events = []
    with background.responses.create(model=FAST, **ASK, stream=True) as stream:
        for event in stream:
            events.append(event)
            if event.type == "response.output_text.delta" and len(events) > 9:
                break
    name = events[0].response.id
    assert [event.type for event in events[:3]] == ["response.created", "response.queued", "response.in_progress"]

    def ended():
        return background.responses.retrieve(name).status == "incomplete"

    wait_for(ended, "the response to end")
    after = events[-1].sequence_number
    rest = list(background.responses.retrieve(name, stream=True, starting_after=after))
    assert [event.sequence_number for event in rest] == list(range(after + 1, after + 1 + len(rest)))
    assert [strangers(event) for event in rest] == [[]] * len(rest)
    assert rest[-1].type == "response.incomplete"
    told = "".join(event.delta for event in [*events, *rest] if event.type == "response.output_text.delta")
    assert told == rest[-1].response.output_text
    with background.responses.stream(response_id=name, starting_after=after) as stream:
        assert [event.sequence_number for event in stream] == [event.sequence_number for event in rest]


def test_only_what_was_stored_runs_in_the_background(background):
    with pytest.raises(openai.BadRequestError) as caught:
        background.responses.create(model=FAST, **ASK, store=False)
    assert caught.value.param == "background"
