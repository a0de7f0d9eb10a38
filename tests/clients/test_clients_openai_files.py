"""Files and uploads through the official OpenAI client."""

import hashlib
import uuid

import openai
import pytest
from client_checks import strangers

LINE = b'{"custom_id": "a"}\n'


@pytest.fixture
def mine(make_openai):
    """A client with a key of its own, so that nobody else's files are listed."""
    return make_openai(api_key=f"sk-{uuid.uuid4()}")


def test_a_file_from_upload_to_deletion(mine):
    body = bytes(range(256)) * 40
    file = mine.files.create(file=("Größe 1.jsonl", body), purpose="batch")
    assert strangers(file) == []
    assert file.id.startswith("file-")
    assert (file.bytes, file.filename, file.purpose, file.status) == (
        len(body),
        "Größe 1.jsonl",
        "batch",
        "processed",
    )
    assert file.expires_at == file.created_at + 30 * 86_400
    assert mine.files.retrieve(file.id) == file
    content = mine.files.content(file.id)
    assert content.read() == body
    assert content.response.headers["content-disposition"].startswith("attachment;")
    gone = mine.files.delete(file.id)
    assert strangers(gone) == []
    assert gone.deleted
    for ask in (mine.files.retrieve, mine.files.content, mine.files.delete):
        with pytest.raises(openai.NotFoundError, match="No such File object"):
            ask(file.id)


def test_listing(mine, make_openai):
    made = [mine.files.create(file=(f"{number}.jsonl", LINE), purpose="batch") for number in range(5)]
    note = mine.files.create(file=("note.txt", b"hello"), purpose="user_data")
    names = [file.id for file in (*made, note)]
    assert [file.id for file in mine.files.list()] == names[::-1]
    assert [file.id for file in mine.files.list(order="asc")] == names
    assert [file.id for file in mine.files.list(purpose="batch", limit=2)] == names[4::-1]
    page = mine.files.list(limit=2, order="asc")
    assert page.has_more
    assert [file.id for file in page.data] == names[:2]
    assert strangers(page.data[0]) == []
    assert mine.files.list(after=names[0]).data == []
    assert make_openai(api_key="sk-somebody-else-again").files.list().data == []


def test_what_is_not_given_back(mine):
    file = mine.files.create(
        file=("a.txt", b"hi"), purpose="assistants", expires_after={"anchor": "created_at", "seconds": 3600}
    )
    assert file.expires_at == file.created_at + 3600
    with pytest.raises(openai.BadRequestError, match="Not allowed to download files of purpose: assistants"):
        mine.files.content(file.id)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"purpose": "fun"}, "purpose"),
        ({"file": ("a.txt", LINE)}, "file"),
        ({"file": ("a.jsonl", b"")}, "file"),
        ({"expires_after": {"anchor": "created_at", "seconds": 5}}, "expires_after.seconds"),
        ({"expires_after": {"anchor": "now", "seconds": 3600}}, "expires_after.anchor"),
    ],
)
def test_refused_files(mine, fields, param):
    with pytest.raises(openai.BadRequestError) as caught:
        mine.files.create(**{"file": ("a.jsonl", LINE), "purpose": "batch", **fields})
    assert caught.value.param == param


def test_an_upload_in_parts(mine):
    body = LINE * 1000
    upload = mine.uploads.create(bytes=len(body), filename="in.jsonl", mime_type="text/jsonl", purpose="batch")
    assert strangers(upload) == []
    assert (upload.status, upload.expires_at - upload.created_at) == ("pending", 3600)
    later = mine.uploads.parts.create(upload.id, data=body[9_000:])
    first = mine.uploads.parts.create(upload.id, data=body[:9_000])
    assert strangers(first) == []
    assert first.upload_id == upload.id
    md5 = hashlib.md5(body, usedforsecurity=False).hexdigest()
    with pytest.raises(openai.BadRequestError) as caught:
        mine.uploads.complete(upload.id, part_ids=[first.id])
    assert caught.value.param == "part_ids"
    with pytest.raises(openai.BadRequestError) as caught:
        mine.uploads.complete(upload.id, part_ids=[later.id, first.id], md5=md5)
    assert caught.value.param == "md5"
    done = mine.uploads.complete(upload.id, part_ids=[first.id, later.id], md5=md5)
    assert strangers(done) == []
    assert done.status == "completed"
    assert mine.files.content(done.file.id).read() == body
    with pytest.raises(openai.BadRequestError, match="is completed"):
        mine.uploads.cancel(upload.id)


def test_a_chunked_upload_by_the_clients_own_helper(mine):
    body = LINE * 5000
    done = mine.uploads.upload_file_chunked(
        file=body, filename="in.jsonl", bytes=len(body), mime_type="text/jsonl", purpose="batch", part_size=20_000
    )
    assert mine.files.content(done.file.id).read() == body


def test_a_cancelled_upload(mine):
    upload = mine.uploads.create(bytes=5, filename="a.jsonl", mime_type="text/jsonl", purpose="batch")
    assert mine.uploads.cancel(upload.id).status == "cancelled"
    with pytest.raises(openai.BadRequestError, match="is cancelled"):
        mine.uploads.parts.create(upload.id, data=b"hello")
    with pytest.raises(openai.NotFoundError):
        mine.uploads.parts.create("upload_0", data=b"hello")
