"""Files: the three ways to upload them, and what is known of them afterwards."""

import base64
import hashlib
import json
from urllib.parse import parse_qs, urlsplit

import pytest
from desk import MemoryDesk
from gemini_plans import NEW, PROVIDER

UPLOAD, ALL, ONE = "/upload/v1beta/files", "/v1beta/files", "/v1beta/files/{file_id}"
CONTENT = b"hello world"
HASH = base64.b64encode(hashlib.sha256(CONTENT).hexdigest().encode()).decode()
START = {
    b"x-goog-upload-protocol": b"resumable",
    b"x-goog-upload-command": b"start",
    b"x-goog-upload-header-content-length": b"11",
    b"x-goog-upload-header-content-type": b"text/plain",
    b"host": b"127.0.0.1:8080",
}


@pytest.fixture
def desk():
    return MemoryDesk(PROVIDER)


def started(desk, status=200, headers=None, **fields):
    return desk_ask(desk, UPLOAD, json.dumps({"file": fields}).encode(), {**START, **(headers or {})}, status=status)


def desk_ask(desk, path, body, headers, *, status=200, query=None, method="POST"):
    reply = desk.ask(method, path, body, headers=headers, query=query)
    assert reply.status == status, reply.body
    return reply


def address_of(reply):
    return dict(reply.headers)[b"x-goog-upload-url"].decode()


def sent(desk, address, body, command="upload, finalize", offset=0, status=200):
    headers = {b"x-goog-upload-command": command.encode(), b"x-goog-upload-offset": str(offset).encode()}
    return desk_ask(desk, UPLOAD, body, headers, status=status, query=parse_qs(urlsplit(address).query))


def read(desk, name, status=200, method="GET"):
    reply = desk.ask(method, ONE, parameters={"file_id": name.removeprefix("files/")})
    assert reply.status == status, reply.body
    return json.loads(reply.body)


def message(reply):
    return json.loads(reply.body)["error"]["message"]


def test_a_resumable_upload(desk):
    begun = started(desk, displayName="my file")
    headers = dict(begun.headers)
    assert (begun.body, headers[b"x-goog-upload-status"]) == (b"", b"active")
    assert address_of(begun).startswith("http://127.0.0.1:8080/upload/v1beta/files?upload_id=")
    ended = sent(desk, address_of(begun), CONTENT)
    assert dict(ended.headers)[b"x-goog-upload-status"] == b"final"
    file = json.loads(ended.body)["file"]
    name = file["name"]
    assert file == {
        "name": name,
        "displayName": "my file",
        "mimeType": "text/plain",
        "sizeBytes": "11",
        "createTime": "2027-01-15T08:00:00.000000Z",
        "updateTime": "2027-01-15T08:00:00.000000Z",
        "expirationTime": "2027-01-17T08:00:00.000000Z",
        "sha256Hash": HASH,
        "uri": f"http://127.0.0.1:8080/v1beta/{name}",
        "state": "ACTIVE",
        "source": "UPLOADED",
    }
    assert read(desk, name) == file


def test_an_upload_in_pieces(desk):
    address = address_of(started(desk))
    assert dict(sent(desk, address, CONTENT[:5], "upload").headers)[b"x-goog-upload-status"] == b"active"
    assert dict(sent(desk, address, b"", "query").headers)[b"x-goog-upload-status"] == b"active"
    file = json.loads(sent(desk, address, CONTENT[5:], offset=5).body)["file"]
    assert file["sizeBytes"] == "11"
    assert "sha256Hash" not in file


def test_the_end_of_an_upload_needs_no_key(desk):
    """The address is a capability: the official client sends its key to the first request only."""
    address = address_of(started(desk))
    elsewhere = MemoryDesk(PROVIDER)
    file = json.loads(sent(elsewhere, address, CONTENT).body)["file"]
    assert read(desk, file["name"])["sizeBytes"] == "11"


def test_a_cancelled_upload_leaves_nothing(desk):
    address = address_of(started(desk))
    assert dict(sent(desk, address, b"", "cancel").headers)[b"x-goog-upload-status"] == b"cancelled"
    assert json.loads(desk.ask("GET", ALL).body) == {}


def test_a_multipart_upload(desk):
    body = (
        b'--b1\r\nContent-Type: application/json\r\n\r\n{"file": {"display_name": "x"}}\r\n'
        b"--b1\r\nContent-Type: text/plain\r\n\r\n" + CONTENT + b"\r\n--b1--\r\n"
    )
    for headers in (
        {b"content-type": b"multipart/related; boundary=b1"},
        {b"content-type": b'multipart/related; boundary="b1"', b"x-goog-upload-protocol": b"multipart"},
    ):
        file = json.loads(desk_ask(desk, UPLOAD, body, headers).body)["file"]
        assert (file["displayName"], file["mimeType"], file["sha256Hash"]) == ("x", "text/plain", HASH)


def test_a_raw_upload(desk):
    headers = {b"content-type": b"text/plain; charset=utf-8", b"x-goog-upload-protocol": b"raw"}
    file = json.loads(desk_ask(desk, UPLOAD, CONTENT, headers).body)["file"]
    assert (file["mimeType"], file["sizeBytes"], file["sha256Hash"]) == ("text/plain", "11", HASH)


def test_an_empty_file(desk):
    address = address_of(started(desk, headers={b"x-goog-upload-header-content-length": b"0"}))
    assert json.loads(sent(desk, address, b"").body)["file"]["sizeBytes"] == "0"


def test_a_file_may_be_named_once(desk):
    address = address_of(started(desk, name="files/my-name"))
    assert json.loads(sent(desk, address, CONTENT).body)["file"]["name"] == "files/my-name"
    assert json.loads(started(desk, 409, name="files/my-name").body)["error"]["status"] == "ALREADY_EXISTS"


@pytest.mark.parametrize(
    ("headers", "fields", "text"),
    [
        ({b"x-goog-upload-command": b"upload"}, {}, "an upload begins with `start`"),
        ({b"x-goog-upload-header-content-length": b"9" * 15}, {}, "File is too large"),
        ({b"x-goog-upload-header-content-type": b"\xff"}, {}, "Unsupported MIME type"),
        ({}, {"name": "files/Capital"}, "File name must be of the form"),
        ({}, {"name": "files/-x"}, "File name must be of the form"),
        ({}, {"displayName": "x" * 513}, "display_name must have at most"),
        ({}, {"colour": "red"}, 'Unknown name "colour"'),
        ({}, {"sizeBytes": []}, "size_bytes"),
    ],
)
def test_uploads_that_are_refused(desk, headers, fields, text):
    assert text in message(started(desk, 400, headers, **fields))


FORGED = {"name": "a", "mime_type": "a/b", "size": 11, "created": 1.0, "expires": 172_801.0, "uri": "x"}


@pytest.mark.parametrize(
    "forged",
    [
        {**FORGED, "name": "../x"},
        {**FORGED, "mime_type": "x"},
        {**FORGED, "size": -1},
        {**FORGED, "created": 1e300, "expires": 1e300},
        {**FORGED, "expires": 5.0},
        {"name": 1},
    ],
)
def test_addresses_that_are_forged(desk, forged):
    ticket = base64.urlsafe_b64encode(json.dumps(forged).encode()).decode()
    assert "Upload not found" in message(sent(desk, f"/?upload_id={ticket}", CONTENT, status=400))


@pytest.mark.parametrize("ticket", ["x", "é", "AAAA"])
def test_addresses_that_nobody_gave(desk, ticket):
    assert "Upload not found" in message(sent(desk, f"/?upload_id={ticket}", CONTENT, status=400))


def test_a_piece_that_does_not_fit(desk):
    address = address_of(started(desk))
    assert "but 11 were announced" in message(sent(desk, address, b"short", status=400))
    assert "Invalid X-Goog-Upload-Command" in message(sent(desk, address, CONTENT, "dance", status=400))


def test_a_multipart_body_that_is_broken(desk):
    for kind in (b"multipart/related; boundary=b1", b"multipart/related"):
        assert "Malformed multipart" in message(desk_ask(desk, UPLOAD, b"--b1", {b"content-type": kind}, status=400))


def test_files_are_listed_in_pages_and_deleted(desk):
    names = [json.loads(sent(desk, address_of(started(desk)), CONTENT).body)["file"]["name"] for _ in range(3)]
    first = json.loads(desk.ask("GET", ALL, query={"pageSize": ["2"]}).body)
    rest = json.loads(desk.ask("GET", ALL, query={"pageToken": [first["nextPageToken"]]}).body)
    assert [file["name"] for file in first["files"] + rest["files"]] == names[::-1]
    assert read(desk, names[0], method="DELETE") == {}
    gone = read(desk, names[0], 403)
    assert gone["error"]["message"].startswith("You do not have permission to access the File ")
    assert read(desk, names[0], 403, method="DELETE") == gone


def test_a_file_ends_after_two_days(desk):
    name = json.loads(sent(desk, address_of(started(desk)), CONTENT).body)["file"]["name"]
    desk.now += 48 * 3_600
    read(desk, name, 403)
    assert json.loads(desk.ask("GET", ALL).body) == {}


def test_a_request_may_refer_to_a_file(desk):
    size = {b"x-goog-upload-header-content-length": b"100000", b"x-goog-upload-header-content-type": b"application/pdf"}
    address = address_of(started(desk, headers=size))
    file = json.loads(sent(desk, address, bytes(100_000)).body)["file"]
    path = "/v1beta/models/{model}:generateContent"

    def asked(uri, status=200):
        parts = [{"text": "What is it?"}, {"fileData": {"fileUri": uri, "mimeType": "application/pdf"}}]
        body = json.dumps({"contents": [{"parts": parts}]}).encode()
        reply = desk.ask("POST", path, body, parameters={"model": NEW})
        assert reply.status == status, reply.body
        return json.loads(reply.body)

    for uri in (file["uri"], file["name"]):
        details = asked(uri)["usageMetadata"]["promptTokensDetails"]
        assert details[1] == {"modality": "DOCUMENT", "tokenCount": 2 * 560}
    assert "You do not have permission to access the File nope" in asked("files/nope", 403)["error"]["message"]


def test_a_host_that_is_none_is_not_repeated(desk):
    begun = started(desk, headers={b"host": b"evil/?x"})
    assert address_of(begun).startswith("http://127.0.0.1/upload/")
