"""Files: stored, listed, forgotten, and read where a message refers to them."""

import base64
import json

import pytest
from anthropic.types import DeletedFile, FileMetadata
from anthropic_desk import LATEST, AnthropicDesk, error_of, json_of
from anthropic_wire import strangers_in
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.providers.anthropic.wire import BASE58

FILES, ONE, CONTENT = "/v1/files", "/v1/files/{file_id}", "/v1/files/{file_id}/content"
FORM = LATEST | {b"content-type": b"multipart/form-data; boundary=b"}
OLDER = {b"anthropic-version": b"2023-06-01", b"anthropic-beta": b"x,files-api-2025-04-14"}
TEXT = b"The grass is green. The sky is blue."
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def form(*parts):
    """A form of (name, filename, type, content)."""
    body = b""
    for name, filename, kind, content in parts:
        named = f'; filename="{filename}"' if filename is not None else ""
        typed = f"Content-Type: {kind}\r\n" if kind else ""
        body += f'--b\r\nContent-Disposition: form-data; name="{name}"{named}\r\n{typed}\r\n'.encode() + content
        body += b"\r\n"
    return body + b"--b--\r\n"


def upload(desk, content=TEXT, filename="a.txt", kind="text/plain", **fields):
    extra = [(name, None, "", str(value).encode()) for name, value in fields.items()]
    return desk.ask("POST", FILES, form(("file", filename, kind, content), *extra), headers=FORM)


@pytest.fixture
def desk():
    return AnthropicDesk()


def test_a_file_is_stored_and_described(desk) -> None:
    reply = upload(desk)
    told = json_of(reply)
    described = FileMetadata.model_validate_json(reply.body, strict=True)
    assert strangers_in(described) == []
    assert (described.filename, described.mime_type, described.size_bytes) == ("a.txt", "text/plain", len(TEXT))
    assert (described.downloadable, described.expires_at) == (False, None)
    assert described.created_at.timestamp() == desk.now
    assert described.id.startswith("file_01")
    assert set(described.id[7:]) <= set(BASE58.decode())
    assert json_of(desk.ask("GET", ONE, parameters={"file_id": told["id"]})) == told
    assert json_of(desk.ask("GET", FILES))["data"] == [told]


def test_a_file_is_forgotten(desk) -> None:
    name = json_of(upload(desk))["id"]
    deleted = DeletedFile.model_validate_json(desk.ask("DELETE", ONE, parameters={"file_id": name}).body, strict=True)
    assert (deleted.id, deleted.type) == (name, "file_deleted")
    for method in ("GET", "DELETE"):
        kind, message = error_of(desk.ask(method, ONE, parameters={"file_id": name}), 404)
        assert (kind, message) == ("not_found_error", f"File not found: {name}")
    assert json_of(desk.ask("GET", FILES)) == {"data": [], "next_page": None}


def test_what_was_uploaded_cannot_be_downloaded(desk) -> None:
    name = json_of(upload(desk))["id"]
    error = json_of(desk.ask("GET", CONTENT, parameters={"file_id": name}), 400)["error"]
    assert error["details"] == {"error_code": "file_not_downloadable"}
    assert error_of(desk.ask("GET", CONTENT, parameters={"file_id": "file_x"}), 404)[0] == "not_found_error"


def test_files_expire(desk) -> None:
    told = json_of(upload(desk, expires_in_seconds=3600))
    assert told["expires_at"] > told["created_at"]
    desk.now += 3599
    assert json_of(desk.ask("POST", "/v1/messages", message(told["id"])))["type"] == "message"
    desk.now += 1
    assert json_of(desk.ask("GET", ONE, parameters={"file_id": told["id"]})) == told
    error = json_of(desk.ask("POST", "/v1/messages", message(told["id"])), 404)["error"]
    assert error["details"] == {"error_code": "file_expired"}
    desk.now += 86_400
    assert desk.ask("GET", ONE, parameters={"file_id": told["id"]}).status == 404


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8])
def test_the_pages_show_all_once(desk, limit) -> None:
    names = [json_of(upload(desk, filename=f"{number}.txt"))["id"] for number in range(7)][::-1]
    seen, query = [], {"limit": [str(limit)]}
    while True:
        listing = json_of(desk.ask("GET", FILES, query=query))
        seen += [each["id"] for each in listing["data"]]
        if listing["next_page"] is None:
            break
        assert listing["next_page"].startswith("page_")
        query["page"] = [listing["next_page"]]
    assert seen == names
    seen, query = [], {"limit": [str(limit)]}
    while True:
        listing = json_of(desk.ask("GET", FILES, headers=OLDER, query=query))
        assert listing["first_id"] == listing["data"][0]["id"]
        seen += [each["id"] for each in listing["data"]]
        if not listing["has_more"]:
            break
        query["after_id"] = [listing["last_id"]]
    assert seen == names


def test_files_by_their_ids(desk) -> None:
    names = [json_of(upload(desk))["id"] for _ in range(3)]
    listing = json_of(desk.ask("GET", FILES, query={"ids[]": [names[2], "file_none", names[0], names[2]]}))
    assert [each["id"] for each in listing["data"]] == [names[2], names[0]]
    assert listing["next_page"] is None
    both = desk.ask("GET", FILES, query={"ids[]": names, "limit": ["3"]})
    assert error_of(both, 400)[1].startswith("ids: cannot be given together")
    many = desk.ask("GET", FILES, query={"ids": [f"file_{number}" for number in range(101)]})
    assert error_of(many, 400)[1].startswith("ids: List should have at most 100 items")


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ({"limit": ["0"]}, "limit: "),
        ({"limit": ["x"]}, "limit: "),
        ({"limit": ["1001"]}, "limit: "),
        ({"page": ["page_\ud800"]}, "page: "),
        ({"page": ["page_a"]}, "page: "),
        ({"page": [""]}, "page: "),
        ({"page": ["x"]}, "page: "),
    ],
)
def test_wrong_parameters(desk, query, place) -> None:
    assert error_of(desk.ask("GET", FILES, query=query), 400)[1].startswith(place)


@pytest.mark.parametrize(
    ("given", "kind", "filename", "mime"),
    [
        ("/home/me/a.pdf", "application/pdf", "a.pdf", "application/pdf"),
        ("C:\\\\x\\\\b.txt", "text/plain; charset=utf-8", "b.txt", "text/plain"),
        ("c.png", "", "c.png", "image/png"),
        ("", "text/plain", "unnamed.txt", "text/plain"),
        ("d", "nonsense", "d", "application/octet-stream"),
    ],
)
def test_names_and_types(desk, given, kind, filename, mime) -> None:
    told = json_of(upload(desk, filename=given, kind=kind))
    assert (told["filename"], told["mime_type"]) == (filename, mime)


@pytest.mark.parametrize(
    ("body", "headers", "sentence"),
    [
        (form(("other", "a", "text/plain", b"x")), FORM, "file: Field required"),
        (form(("file", "a", "text/plain", b"")), FORM, "file: File cannot be empty"),
        (form(("file", "a<b", "text/plain", b"x")), FORM, "file: The filename must not have"),
        (form(("file", "a" * 256, "text/plain", b"x")), FORM, "file: The filename should have at most 255"),
        (b"{}", LATEST, "The body is not multipart/form-data."),
        (b"--b\r\n", FORM, "The form has no end."),
        (form(("file", "a", "", b"x")), {b"content-type": b"multipart/form-data; boundary=b"}, "anthropic-version: "),
        *[
            (
                form(("file", "a", "", b"x"), ("expires_in_seconds", None, "", value)),
                FORM,
                "expires_in_seconds: Input should be",
            )
            for value in (b"", b"x", b"3599", b"7776001", b"9" * 5000, b"-1", b"\xff")
        ],
    ],
)
def test_wrong_forms(desk, body, headers, sentence) -> None:
    assert error_of(desk.ask("POST", FILES, body, headers=headers), 400)[1].startswith(sentence)


@settings(max_examples=60)
@given(st.binary(max_size=120), st.sampled_from([b"multipart/form-data; boundary=b", b"", b"multipart/form-data"]))
def test_any_form(body, kind) -> None:
    desk = AnthropicDesk()
    reply = desk.ask("POST", FILES, b"--b\r\n" + body, headers=LATEST | {b"content-type": kind})
    assert reply.status in (200, 400)


# --- in messages


def message(*names, kind="document", **more):
    blocks = [{"type": kind, "source": {"type": "file", "file_id": name}, **more} for name in names]
    body = {"model": "claude-haiku-4-5", "max_tokens": 400}
    blocks.append({"type": "text", "text": "What color is the sky?"})
    return json.dumps({**body, "messages": [{"role": "user", "content": blocks}]}).encode()


def tokens(desk, body):
    count = json.loads(body)
    del count["max_tokens"]
    counted = json_of(desk.ask("POST", "/v1/messages/count_tokens", json.dumps(count).encode()))["input_tokens"]
    assert json_of(desk.ask("POST", "/v1/messages", body))["usage"]["input_tokens"] == counted
    return counted


def test_a_text_is_read_and_cited(desk) -> None:
    name = json_of(upload(desk))["id"]
    answer = json_of(desk.ask("POST", "/v1/messages", message(name, citations={"enabled": True}, title="T")))
    (citation, *_) = [one for block in answer["content"] for one in block.get("citations", ())]
    start, end = citation["start_char_index"], citation["end_char_index"]
    assert citation["cited_text"] == TEXT.decode()[start:end] == "The sky is blue."
    assert (citation["file_id"], citation["document_title"]) == (name, "T")


def test_a_pdf_is_read_and_cited(desk) -> None:
    content = b"%PDF-1.4 /Type /Page \nstream\nBT (The sky is blue.) Tj ET\nendstream\n"
    name = json_of(upload(desk, content, "a.pdf", "application/pdf"))["id"]
    answer = json_of(desk.ask("POST", "/v1/messages", message(name, citations={"enabled": True})))
    (citation, *_) = [one for block in answer["content"] for one in block.get("citations", ())]
    assert (citation["type"], citation["cited_text"], citation["file_id"]) == (
        "page_location",
        "The sky is blue.",
        name,
    )


def test_content_counts(desk) -> None:
    short = json_of(upload(desk))["id"]
    long = json_of(upload(desk, b"word " * 4000))["id"]
    assert tokens(desk, message(long)) - tokens(desk, message(short)) > 4000
    pages = json_of(upload(desk, b"%PDF" + b" /Type /Page " * 3, "a.pdf", "application/pdf"))["id"]
    page = json_of(upload(desk, b"%PDF" + b" /Type /Page " * 1, "a.pdf", "application/pdf"))["id"]
    assert tokens(desk, message(pages)) - tokens(desk, message(page)) == 2 * 2250
    picture = json_of(upload(desk, PNG, "a.png", "image/png"))["id"]
    assert tokens(desk, message(picture, picture, kind="image")) - tokens(desk, message(picture, kind="image")) == 1


def test_the_answer_depends_on_the_content(desk) -> None:
    names = [json_of(upload(desk, content))["id"] for content in (TEXT, TEXT, b"Other.")]
    answers = [json_of(desk.ask("POST", "/v1/messages", message(name)))["id"] for name in names]
    assert answers[0] == answers[1] != answers[2]


@pytest.mark.parametrize(
    ("kind", "mime", "sentence"),
    [
        ("document", "image/png", "messages.0.content.0: Unsupported document file format: image/png. Only PDF and"),
        ("image", "text/plain", "messages.0.content.0: Unsupported image file format: text/plain. Only JPEG"),
    ],
)
def test_files_of_no_use(desk, kind, mime, sentence) -> None:
    name = json_of(upload(desk, PNG, "a", mime))["id"]
    assert error_of(desk.ask("POST", "/v1/messages", message(name, kind=kind)), 400)[1].startswith(sentence)


def test_files_that_are_not_there(desk) -> None:
    assert error_of(desk.ask("POST", "/v1/messages", message("file_1")), 404) == (
        "not_found_error",
        "File not found: file_1",
    )
    body = json.loads(message())
    body["messages"][0]["content"].append({"type": "container_upload", "file_id": "file_2"})
    assert error_of(desk.ask("POST", "/v1/messages", json.dumps(body).encode()), 404)[1] == "File not found: file_2"
    many = message(*[f"file_{number}" for number in range(501)])
    assert error_of(desk.ask("POST", "/v1/messages", many), 400)[1].startswith("messages: At most 500 files")


def test_a_file_in_a_tools_result(desk) -> None:
    name = json_of(upload(desk))["id"]
    source = {"type": "document", "source": {"type": "file", "file_id": name}, "citations": {"enabled": True}}
    result = {"type": "tool_result", "tool_use_id": "t", "content": [source]}
    body = json.loads(message())
    body["messages"] += [
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {}}]},
        {"role": "user", "content": [result]},
    ]
    answer = json_of(desk.ask("POST", "/v1/messages", json.dumps(body).encode()))
    assert answer["content"][0]["citations"][0]["file_id"] == name
