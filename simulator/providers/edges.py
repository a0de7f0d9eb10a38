"""What the machines before a provider answer in its place: pages and plain text instead of the API's JSON. Pure.

Each is what users of the real services report of them: Cloudflare before OpenAI and Anthropic, Envoy behind it, and the
front end of Google before Gemini. None of them knows the API, so nothing of its headers is there either.
"""

import http
import math
from collections.abc import Sequence
from typing import Final

from simulator.providers.base import Header, Refusal, Reply

_PHRASES: Final = {http.HTTPStatus.GATEWAY_TIMEOUT: "Gateway Time-out"}
"""Statuses whose name is another one in nginx, of whose pages Cloudflare's are made, than in RFC 9110."""
_PAGE: Final = (
    "<html>\r\n<head><title>{what}</title></head>\r\n<body>\r\n<center><h1>{what}</h1></center>\r\n"
    "<hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n"
)
_GOOGLE: Final = (
    "<!DOCTYPE html>\n<html lang=en>\n  <meta charset=utf-8>\n"
    '  <meta name=viewport content="initial-scale=1, minimum-scale=1, width=device-width">\n'
    "  <title>Error {status} (Server Error)!!1</title>\n"
    "  <p><b>{status}.</b> <ins>That\N{RIGHT SINGLE QUOTATION MARK}s an error.</ins>\n"
    "  <p>The server encountered a temporary error and could not complete your request."
    "<p>Please try again in 30 seconds.  <ins>That\N{RIGHT SINGLE QUOTATION MARK}s all we know.</ins>\n"
)
_OVERFLOW: Final = b"upstream connect error or disconnect/reset before headers. reset reason: overflow"


def own_words(refusal: Refusal) -> bool:
    """Whether a refusal has words of its own, which only the API's body has a place for."""
    return bool(refusal.message or refusal.kind or refusal.code)


def cloudflare(refusal: Refusal, status: int, request_bits: bytes) -> Reply:
    """Cloudflare's page; `status` is the usual one of the problem. `request_bits` make its ray's id."""
    status = refusal.status or status
    page = _PAGE.format(what=f"{status} {_phrase(status)}").encode()
    return Reply(status, [*_headers(b"text/html", refusal), *_ray(request_bits)], page)


def envoy(refusal: Refusal, status: int, request_bits: bytes) -> Reply:
    """The line of an Envoy that has no connection to spare, as it comes through Cloudflare."""
    headers = [*_headers(b"text/plain", refusal), *_ray(request_bits)]
    return Reply(refusal.status or status, headers, _OVERFLOW)


def google(refusal: Refusal, status: int) -> Reply:
    """The page of Google's front end."""
    status = refusal.status or status
    return Reply(status, _headers(b"text/html; charset=UTF-8", refusal), _GOOGLE.format(status=status).encode())


def _headers(kind: bytes, refusal: Refusal) -> Sequence[Header]:
    told: Sequence[Header] = ((b"content-type", kind),)
    if refusal.retry_after is None:
        return told
    return (*told, (b"retry-after", b"%d" % math.ceil(refusal.retry_after)))


def _ray(request_bits: bytes) -> Sequence[Header]:
    return ((b"server", b"cloudflare"), (b"cf-ray", request_bits[:8].hex().encode() + b"-SIM"))


def _phrase(status: int) -> str:
    known = {one.value: one.phrase for one in http.HTTPStatus} | _PHRASES
    return known.get(status, "Error")
