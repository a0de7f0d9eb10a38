"""Files and uploads on a shelf in memory."""

import json

import pytest
from desk import MemoryDesk
from forms import HEADERS, field, file, form
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.providers.base import Problem, Refusal
from simulator.providers.openai import OpenAI

PROVIDER = OpenAI()
PART = "/v1/uploads/{upload_id}/parts"
COMPLETE = "/v1/uploads/{upload_id}/complete"
CANCEL = "/v1/uploads/{upload_id}/cancel"
UPLOAD = {"bytes": 10, "filename": "a.jsonl", "mime_type": "text/jsonl", "purpose": "batch"}


@pytest.fixture
def desk():
    return MemoryDesk(PROVIDER)


def begun(desk, **fields):
    reply = desk.ask("POST", "/v1/uploads", json.dumps({**UPLOAD, **fields}).encode())
    assert reply.status == 200, reply.body
    return json.loads(reply.body)["id"]


def part(desk, upload, data):
    return desk.ask("POST", PART, form(file("data", "blob", data)), headers=HEADERS, parameters={"upload_id": upload})


def completed(desk, upload, *parts, **fields):
    body = json.dumps({"part_ids": parts, **fields}).encode()
    return desk.ask("POST", COMPLETE, body, parameters={"upload_id": upload})


def param_of(reply):
    assert reply.status == 400, reply.body
    return json.loads(reply.body)["error"]["param"]


@settings(max_examples=30)
@given(st.lists(st.binary(min_size=1, max_size=50), min_size=1, max_size=6))
def test_parts_put_together_are_the_file(pieces):
    desk = MemoryDesk(PROVIDER)
    whole = b"".join(pieces)
    upload = begun(desk, bytes=len(whole))
    names = [json.loads(part(desk, upload, piece).body)["id"] for piece in pieces]
    assert len(set(names)) == len(pieces)
    done = json.loads(completed(desk, upload, *names).body)
    content = desk.ask("GET", "/v1/files/{file_id}/content", parameters={"file_id": done["file"]["id"]})
    assert content.body == whole
    assert done["file"]["filename"] == "a.jsonl"


def test_parts_are_forgotten_with_the_upload(desk):
    upload = begun(desk)
    name = json.loads(part(desk, upload, b"x" * 10).body)["id"]
    assert completed(desk, upload, name).status == 200
    assert completed(desk, upload, name).status == 400
    upload = begun(desk)
    part(desk, upload, b"x" * 10)
    assert desk.ask("POST", CANCEL, parameters={"upload_id": upload}).status == 200
    assert not [kind for kind, objects in desk.shelf._kinds.items() if kind.startswith("part.") and objects]


def test_an_upload_expires(desk):
    upload = begun(desk)
    desk.now += 3_600
    reply = part(desk, upload, b"x")
    assert param_of(reply) == "upload_id"
    assert "is expired" in json.loads(reply.body)["error"]["message"]


def test_a_file_for_which_there_is_no_room_leaves_the_upload_pending(desk):
    upload = begun(desk)
    name = json.loads(part(desk, upload, b"x" * 10).body)["id"]
    plain = desk.shelf.put

    async def full(kind, key, body, ttl_secs=None):
        if kind == "content":
            raise Refusal(Problem.TOO_LARGE, limit=5)
        await plain(kind, key, body, ttl_secs)

    desk.shelf.put = full
    assert completed(desk, upload, name).status == 413
    desk.shelf.put = plain
    assert completed(desk, upload, name).status == 200


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"bytes": 0}, "bytes"),
        ({"bytes": 2**60}, "bytes"),
        ({"bytes": "10"}, "bytes"),
        ({"filename": ""}, "filename"),
        ({"filename": "a.txt"}, "file"),
        ({"mime_type": None}, "mime_type"),
        ({"purpose": "fun"}, "purpose"),
        ({"purpose": 1}, "purpose"),
        ({"expires_after": {"anchor": "created_at"}}, "expires_after.seconds"),
        ({"mood": 1}, "mood"),
    ],
)
def test_refused_uploads(desk, fields, param):
    assert param_of(desk.ask("POST", "/v1/uploads", json.dumps({**UPLOAD, **fields}).encode())) == param


def test_refused_parts(desk):
    upload = begun(desk)
    assert param_of(part(desk, upload, b"")) == "data"
    target = {"upload_id": upload}
    assert param_of(desk.ask("POST", PART, form(field("x", "1")), headers=HEADERS, parameters=target)) == "x"
    assert param_of(desk.ask("POST", PART, b"{}", parameters=target)) is None
    assert param_of(completed(desk, upload)) == "part_ids"
    assert param_of(completed(desk, upload, "part_0")) == "part_ids[0]"
    assert param_of(completed(desk, upload, "ü" * 400)) == "part_ids[0]"
    assert param_of(completed(desk, upload, 1)) == "part_ids[0]"
    more = json.loads(part(desk, upload, b"x" * 11).body)["id"]
    assert param_of(completed(desk, upload, more, more)) == "part_ids"


@pytest.mark.parametrize("name", ["", "file-0", "ü", "x" * 4_000, "a\nb", "\ud800"])
def test_no_such_object(desk, name):
    for method, path, key in (
        ("GET", "/v1/files/{file_id}", "file_id"),
        ("DELETE", "/v1/files/{file_id}", "file_id"),
        ("GET", "/v1/files/{file_id}/content", "file_id"),
        ("GET", "/v1/batches/{batch_id}", "batch_id"),
        ("POST", "/v1/batches/{batch_id}/cancel", "batch_id"),
        ("POST", CANCEL, "upload_id"),
    ):
        assert desk.ask(method, path, parameters={key: name}).status == 404


def test_names_of_files_make_safe_headers(desk):
    evil = "a\r\nx-evil: 1\x00;é😀.jsonl"
    upload = begun(desk, filename=evil, bytes=1)
    name = json.loads(part(desk, upload, b"x").body)["id"]
    file_id = json.loads(completed(desk, upload, name).body)["file"]["id"]
    headers = dict(desk.ask("GET", "/v1/files/{file_id}/content", parameters={"file_id": file_id}).headers)
    shown = headers[b"content-disposition"]
    assert shown.isascii()
    assert not {10, 13, 0} & set(shown)


@settings(max_examples=40)
@given(
    st.dictionaries(
        st.sampled_from(
            ["purpose", "file", "file[]", "expires_after", "expires_after[anchor]", "expires_after[seconds]"]
        ),
        st.text(max_size=10) | st.sampled_from(["batch", "created_at", "3600"]),
        max_size=4,
    ),
    st.sampled_from(["a.jsonl", "", "a"]),
)
def test_any_form_is_kept_or_refused(fields, name):
    desk = MemoryDesk(PROVIDER)
    body = form(file("file", name, b"{}"), *[field(key, value) for key, value in fields.items()])
    reply = desk.ask("POST", "/v1/files", body, headers=HEADERS)
    assert reply.status in {200, 400}


def test_listing_passes_over_other_purposes(desk):
    for number in range(30):
        purpose = "batch" if number % 10 == 0 else "user_data"
        body = form(file("file", f"{number}.jsonl", b"{}"), field("purpose", purpose))
        desk.ask("POST", "/v1/files", body, headers=HEADERS)
    reply = desk.ask("GET", "/v1/files", query={"purpose": ["batch"], "limit": ["2"], "order": ["asc"]})
    page = json.loads(reply.body)
    assert [each["filename"] for each in page["data"]] == ["0.jsonl", "10.jsonl"]
    assert page["has_more"]
    assert page["last_id"] == page["data"][-1]["id"]
    reply = desk.ask(
        "GET", "/v1/files", query={"purpose": ["batch"], "limit": ["2"], "order": ["asc"], "after": [page["last_id"]]}
    )
    page = json.loads(reply.body)
    assert ([each["filename"] for each in page["data"]], page["has_more"]) == (["20.jsonl"], False)


def test_the_same_request_at_another_time_replaces_nothing(desk):
    """An address may come again (a replay, a restart): the objects that it left stay."""
    body = form(file("file", "a.jsonl", b"{}"), field("purpose", "batch"))
    first = json.loads(desk.ask("POST", "/v1/files", body, headers=HEADERS).body)["id"]
    desk.requests, desk.now = 0, desk.now + 1
    assert json.loads(desk.ask("POST", "/v1/files", body, headers=HEADERS).body)["id"] != first
