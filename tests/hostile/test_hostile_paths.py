"""Wrong methods and unknown paths: 405 and 404 in the provider's shape, told from the path or the headers."""

import pytest
from hostile_wire import ENDPOINTS, check_refusal, exchange, headers_of, request

LISTED = ("GET", "/v1/chat/completions")
"""Stored completions are listed where completions are made."""
OLD_KEY = {"x-api-key": "k", "authorization": ""}


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
def test_a_wrong_method(fleet, path, method):
    if (method, path) == LISTED:
        return
    message, _ = check_refusal(fleet.ask(path, None, headers_of(path), method=method), path, 405)
    assert method in message or "Method" in message


@pytest.mark.parametrize("path", [*ENDPOINTS, "/v1/models", "/v1/models/gpt-4o", "/v1/nothing", "/live", "/metrics"])
def test_no_body_follows_the_answer_to_HEAD(fleet, path):  # noqa: N802 - the method's name
    """A body there would be taken for the start of the next response on the connection."""
    sent = request("HEAD", path, *[f"{name}: {value}" for name, value in headers_of(path).items()])
    head, live = exchange(fleet, sent + request("GET", "/live"), "HEAD", "GET")
    assert head.status == {"/v1/nothing": 404, LISTED[1]: 200}.get(path, 405 if path in ENDPOINTS else 200)
    assert head.body == b""
    assert int(head.headers["content-length"]) > 0
    assert live.json() == {"live": True}


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/gpt-4o"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("anthropic", [False, True])
def test_a_wrong_method_where_models_are_listed(fleet, path, method, anthropic):
    headers = {"anthropic-version": "2023-06-01"} if anthropic else {}
    check_refusal(
        fleet.ask(path, b"" if method == "POST" else None, headers, method=method), path, 405, anthropic=anthropic
    )


@pytest.mark.parametrize("path", ["/live", "/ready", "/health", "/metrics", "/admin/stats", "/admin/workers"])
@pytest.mark.parametrize("method", ["POST", "DELETE", "OPTIONS"])
def test_a_wrong_method_of_the_control_plane(fleet, path, method):
    answer = fleet.ask(path, None, method=method)
    assert answer.status == 405
    assert answer.headers["allow"] == "GET, HEAD"
    assert answer.json()["error"]


@pytest.mark.parametrize(
    "path",
    [
        "/v1",
        "/v1/",
        "/v2/chat/completions",
        "/v1/chat/completions/",
        "//v1/chat/completions",
        "/v1/chat/completions/x/y",
        "/v1/%63hat/../x",
        "/v1/../../etc/passwd",
        "/v1/%00",
        "/v1/%ff%fe",
        "/v1/%ed%a0%80",
        "/v1/%zz%",
        "/v1/" + "a" * 20_000,
        "/v1/" + "%41" * 10_000,
        "/.env",
        "/admin",
        "/admin/",
        "/v1/nothing",
        "/v1/messages/nothing/x",
        "/v1/engines?x=" + "y" * 10_000,
    ],
    ids=lambda path: path[:24],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
@pytest.mark.parametrize(
    ("headers", "anthropic"), [({}, False), ({"anthropic-version": "2026-10-21"}, True)], ids=["openai", "anthropic"]
)
def test_an_unknown_path(fleet, path, method, headers, anthropic):
    answer = fleet.ask(path, b"{}" if method == "POST" else None, headers, method=method)
    check_refusal(answer, path, 404, anthropic=anthropic)


@pytest.mark.parametrize(
    "name", ["nobody", "gpt-4o/x", "%00", "%ff", "a" * 10_000, "gpt-4o%20", "..%2f..%2fetc", "{id}"]
)
@pytest.mark.parametrize("anthropic", [False, True])
def test_an_unknown_model_is_listed_nowhere(fleet, name, anthropic):
    headers = {"anthropic-version": "2026-10-21"} if anthropic else {}
    check_refusal(fleet.ask(f"/v1/models/{name}", None, headers), "", 404, anthropic=anthropic)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=x", "limit"),
        ("limit=0", "limit"),
        ("limit=-1", "limit"),
        ("limit=1001", "limit"),
        ("limit=" + "9" * 5000, "limit"),
        ("limit=%C2%B2", "limit"),
        ("limit=1.5", "limit"),
        ("limit=", "limit"),
        ("after_id=nobody", "after_id"),
        ("before_id=%00", "before_id"),
        ("after_id=a&before_id=b", "after_id"),
        ("lifecycle=dead", "lifecycle"),
    ],
    ids=lambda value: value[:20],
)
def test_wrong_paging(fleet, query, field):
    message, _ = check_refusal(
        fleet.ask(f"/v1/models?{query}", None, {"anthropic-version": "2026-10-21"}), "", anthropic=True
    )
    assert message.startswith(field)


@pytest.mark.parametrize("query", ["limit=x", "%", "&&&===", "a" * 10_000, "limit=%ff", "a[]=1&a[]=2"])
def test_openai_reads_no_query(fleet, query):
    assert fleet.ask(f"/v1/models?{query}").status == 200
