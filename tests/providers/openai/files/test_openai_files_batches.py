"""Batches on a shelf in memory, with a clock of their own."""

import asyncio
import json

import pytest
from desk import MemoryDesk
from forms import HEADERS, field, file, form

from simulator.providers.base import Asked, Problem, Refusal, Target
from simulator.providers.openai import OpenAI
from simulator.providers.openai.files import results
from simulator.providers.openai.files.batches import ShowBatch

PROVIDER = OpenAI()
EMBEDDINGS = "/v1/embeddings"


@pytest.fixture
def desk():
    return MemoryDesk(PROVIDER)


def ask(desk, method, path, body=None, **parameters):
    raw = b"" if body is None else json.dumps(body).encode()
    reply = desk.ask(method, path, raw, parameters=parameters)
    assert reply.status == 200, reply.body
    return json.loads(reply.body)


def uploaded(desk, content):
    body = form(file("file", "in.jsonl", content), field("purpose", "batch"))
    return json.loads(desk.ask("POST", "/v1/files", body, headers=HEADERS).body)["id"]


def lines_of(count, wrong=()):
    lines = [
        {
            "custom_id": f"r{index}",
            "method": "POST",
            "url": EMBEDDINGS,
            "body": {"model": "text-embedding-3-small", "input": "" if index in wrong else f"{index}", "dimensions": 4},
        }
        for index in range(count)
    ]
    return "\n".join(map(json.dumps, lines)).encode()


def made(desk, content, **fields):
    body = {"input_file_id": uploaded(desk, content), "endpoint": EMBEDDINGS, "completion_window": "24h", **fields}
    return ask(desk, "POST", "/v1/batches", body)["id"]


def shown(desk, name):
    return ask(desk, "GET", "/v1/batches/{batch_id}", batch_id=name)


def names_in(desk, name):
    reply = desk.ask("GET", "/v1/files/{file_id}/content", parameters={"file_id": name})
    return [json.loads(line)["custom_id"] for line in reply.body.splitlines()]


def test_counts_follow_the_clock(desk):
    name = made(desk, lines_of(100, wrong={3, 60}))
    start = desk.now
    seen = []
    for passed in (0, 0.5, 1.5, 3, 5.5, 6):
        desk.now = start + passed
        batch = shown(desk, name)
        seen.append((batch["status"], *batch["request_counts"].values()))
    assert seen == [
        ("validating", 0, 0, 0),
        ("in_progress", 100, 0, 0),
        ("in_progress", 100, 19, 1),
        ("in_progress", 100, 49, 1),
        ("finalizing", 100, 98, 2),
        ("completed", 100, 98, 2),
    ]
    assert names_in(desk, batch["error_file_id"]) == ["r3", "r60"]
    assert len(names_in(desk, batch["output_file_id"])) == 98
    assert batch["model"] == "text-embedding-3-small"
    assert batch["usage"]["input_tokens"] == batch["usage"]["total_tokens"] == 98


def test_a_slow_batch_expires_with_what_is_done():
    desk = MemoryDesk(PROVIDER, batch_rate=5 / 86_400)
    name = made(desk, lines_of(10, wrong={0}))
    desk.now += 86_400
    batch = shown(desk, name)
    assert (batch["status"], batch["expired_at"] - batch["created_at"]) == ("expired", 86_400)
    assert batch["request_counts"] == {"total": 10, "completed": 3, "failed": 1}
    assert names_in(desk, batch["output_file_id"]) == ["r1", "r2", "r3"]
    reply = desk.ask("GET", "/v1/files/{file_id}/content", parameters={"file_id": batch["error_file_id"]})
    lines = [json.loads(line) for line in reply.body.splitlines()]
    assert [line["custom_id"] for line in lines] == ["r0", *[f"r{index}" for index in range(4, 10)]]
    assert lines[1]["response"] is None
    assert lines[1]["error"]["code"] == "batch_expired"


def test_a_batch_that_is_cancelled_before_it_began_leaves_nothing(desk):
    name = made(desk, lines_of(100))
    stopped = ask(desk, "POST", "/v1/batches/{batch_id}/cancel", batch_id=name)
    assert stopped["status"] == "cancelling"
    assert ask(desk, "POST", "/v1/batches/{batch_id}/cancel", batch_id=name) == stopped
    desk.now += 10
    batch = shown(desk, name)
    assert (batch["status"], batch["output_file_id"], batch["error_file_id"]) == ("cancelled", None, None)


def test_a_batch_that_is_over_cannot_be_cancelled(desk):
    names = [made(desk, lines_of(1)), made(desk, b"{")]
    desk.now += 10
    for name, status in zip(names, ("completed", "failed"), strict=True):
        reply = desk.ask("POST", "/v1/batches/{batch_id}/cancel", parameters={"batch_id": name})
        assert reply.status == 409
        assert f"'{status}'" in json.loads(reply.body)["error"]["message"]


def test_files_are_made_once(desk):
    name = made(desk, lines_of(2))
    desk.now += 10
    first = shown(desk, name)
    assert shown(desk, name) == first
    ask(desk, "DELETE", "/v1/files/{file_id}", file_id=first["output_file_id"])
    assert shown(desk, name) == first
    assert desk.ask("GET", "/v1/files/{file_id}", parameters={"file_id": first["output_file_id"]}).status == 404
    assert len(ask(desk, "GET", "/v1/files")["data"]) == 1


def test_of_two_that_look_at_the_same_time_one_makes_the_files(desk):
    """The other one drops its own and tells what is there."""
    name = made(desk, lines_of(2))
    desk.now += 10
    shelf = desk.shelf
    look = ShowBatch()
    asked = Asked("GET", b"", {}, Target({"batch_id": name}))
    plain_get, raced = shelf.get, []

    async def get(kind, key):
        found = await plain_get(kind, key)
        if kind == "outcomes" and not raced:
            raced.append(True)
            desk.requests += 1
            raced.append(await look.answer(asked, desk))
            desk.requests += 1
        return found

    shelf.get = get
    late = json.loads(asyncio.run(look.answer(asked, desk)).body)
    assert late["output_file_id"] == json.loads(raced[1].body)["output_file_id"]
    files = ask(desk, "GET", "/v1/files")["data"]
    assert [each["id"] for each in files if each["purpose"] == "batch_output"] == [late["output_file_id"]]


def test_results_that_gave_way_are_told(desk):
    name = made(desk, lines_of(2))
    asyncio.run(desk.shelf.drop("outcomes", name))
    desk.now += 10
    batch = shown(desk, name)
    assert (batch["status"], batch["errors"]["data"][0]["code"]) == ("failed", "results_lost")
    assert batch["failed_at"] is not None


def test_a_listing_makes_few_files_at_once(desk):
    names = [made(desk, lines_of(1)) for _ in range(6)]
    desk.now += 10
    statuses = [batch["status"] for batch in ask(desk, "GET", "/v1/batches")["data"]]
    assert statuses == ["completed"] * 4 + ["finalizing"] * 2
    assert [shown(desk, name)["status"] for name in names] == ["completed"] * 6


def test_output_expires_as_asked(desk):
    name = made(desk, lines_of(1), output_expires_after={"anchor": "created_at", "seconds": 3_600})
    desk.now += 10
    output = shown(desk, name)["output_file_id"]
    assert len(names_in(desk, output)) == 1
    desk.now += 3_600
    assert desk.ask("GET", "/v1/files/{file_id}", parameters={"file_id": output}).status == 404


def test_outcomes_are_bounded(desk, monkeypatch):
    monkeypatch.setattr(results, "MOST_BYTES", 500)
    body = {"input_file_id": uploaded(desk, lines_of(5)), "endpoint": EMBEDDINGS, "completion_window": "24h"}
    assert desk.ask("POST", "/v1/batches", json.dumps(body).encode()).status == 413


def test_others_have_their_turn_while_requests_run(desk):
    """Between two requests of a batch the loop goes on."""
    turns = []

    async def run():
        async def other():
            while not done:
                turns.append(True)
                await asyncio.sleep(0)

        done = []
        task = asyncio.create_task(other())
        line = results.Line("a", b'{"model": "text-embedding-3-small", "input": "a"}')
        await results.outcomes(desk, EMBEDDINGS, [line] * 20, b"")
        done.append(True)
        await task

    asyncio.run(run())
    assert len(turns) >= 20


def test_a_store_that_is_away_is_told(desk):
    async def away(*_):
        raise Refusal(Problem.SERVER_ERROR)

    name = made(desk, lines_of(1))
    desk.shelf.get = away
    assert desk.ask("GET", "/v1/batches/{batch_id}", parameters={"batch_id": name}).status == 500


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"endpoint": None}, "endpoint"),
        ({"endpoint": 1}, "endpoint"),
        ({"input_file_id": ["x"]}, "input_file_id"),
        ({"completion_window": None}, "completion_window"),
        ({"metadata": {"a": 1}}, "metadata"),
        ({"metadata": {str(number): "" for number in range(17)}}, "metadata"),
        ({"output_expires_after": {"anchor": "created_at", "seconds": 10**30}}, "output_expires_after.seconds"),
        ({"mood": 1}, "mood"),
        ({"input_file_id": "x" * 10_000}, "input_file_id"),
        ({"input_file_id": "ü\n"}, "input_file_id"),
    ],
)
def test_refusals_name_the_field(desk, fields, param):
    body = {"input_file_id": "file-1", "endpoint": EMBEDDINGS, "completion_window": "24h", **fields}
    reply = desk.ask("POST", "/v1/batches", json.dumps(body).encode())
    assert reply.status in {400, 404}
    assert json.loads(reply.body)["error"]["param"].startswith(param)


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x", "", "1e3", "9" * 40, "٣"])
def test_limits_of_listings(desk, limit):
    for path in ("/v1/batches", "/v1/files"):
        reply = desk.ask("GET", path, query={"limit": [limit]})
        if path == "/v1/files" and limit == "101":
            assert reply.status == 200
        else:
            assert (reply.status, json.loads(reply.body)["error"]["param"]) == (400, "limit")
    assert desk.ask("GET", "/v1/files", query={"order": ["up"]}).status == 400
