"""Reading a `multipart/form-data` body (RFC 7578) into its parts. Pure.

The parser is python-multipart's, which never copies a part until it is whole. It knows no dialect: what a field means,
and how a broken form is worded, is its reader's to say.
"""

from collections.abc import Mapping

import msgspec
from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

MOST_PARTS = 1_024
"""Parts of one form: each costs the parser about 20 µs, however small it is."""
FORM = b"multipart/form-data"


class Malformed(Exception):  # noqa: N818 - what the body is, as `Refusal` is what it gets
    """A body that is no form, or a broken one; the message is a sentence without its final stop."""


class Part(msgspec.Struct, frozen=True):
    """One part. `filename` is None for a plain field, `content_type` empty where the client names none."""

    name: str
    body: bytes
    filename: str | None = None
    content_type: str = ""


def is_form(headers: Mapping[bytes, bytes]) -> bool:
    """Whether the client says that the body is a form."""
    return headers.get(b"content-type", b"").strip().lower().startswith(FORM)


def parts_of(body: bytes, headers: Mapping[bytes, bytes]) -> list[Part]:
    """The parts in their order. Raises `Malformed`."""
    kind, options = parse_options_header(headers.get(b"content-type", b""))
    boundary = options.get(b"boundary", b"")
    if kind.strip() != FORM:
        raise Malformed("The body is not multipart/form-data")
    if not boundary:
        raise Malformed("The content type names no boundary")
    # A line that begins like the boundary is no data (RFC 2046, section 5.1.1), and costs the parser a microsecond.
    if body.count(b"\r\n--" + boundary) > MOST_PARTS:
        raise Malformed(f"The form has more than {MOST_PARTS} parts")
    reader = _Reader(body)
    try:
        MultipartParser(
            boundary,
            {
                "on_part_begin": reader.begin,
                "on_part_data": reader.data,
                "on_part_end": reader.end,
                "on_header_field": reader.name,
                "on_header_value": reader.value,
                "on_header_end": reader.header,
                "on_end": reader.finish,
            },
        ).write(body)
    except FormParserError:
        raise Malformed("The form is broken") from None
    if not reader.complete:
        raise Malformed("The form has no end")
    return reader.parts


class _Reader:
    """Gathers what the parser tells of a body that it is given whole: every run of bytes is a range of it."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._pieces: list[tuple[int, int]] = []
        self._headers: dict[bytes, bytes] = {}
        self._name = b""
        self._value = b""
        self.parts: list[Part] = []
        self.complete = False

    def begin(self) -> None:
        self._pieces = []
        self._headers = {}

    def name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name = self._value = b""

    def data(self, data: bytes, start: int, end: int) -> None:
        del data  # it is the whole body
        self._pieces.append((start, end))

    def end(self) -> None:
        kind, options = parse_options_header(self._headers.get(b"content-disposition"))
        if kind.strip() != b"form-data" or b"name" not in options:
            raise Malformed("A part of the form has no name")
        filename = options.get(b"filename")
        self.parts.append(
            Part(
                _text(options[b"name"]),
                b"".join([self._body[start:end] for start, end in self._pieces]),
                None if filename is None else _text(filename),
                self._headers.get(b"content-type", b"").decode("latin-1").strip(),
            )
        )

    def finish(self) -> None:
        self.complete = True


def _text(raw: bytes) -> str:
    """A name as a browser or client writes it: UTF-8 (RFC 7578, section 5.1)."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("A name in the form is not UTF-8") from None
