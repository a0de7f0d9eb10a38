"""Bodies of forms, as a client writes them."""

BOUNDARY = b"bnd"
HEADERS = {b"content-type": b"multipart/form-data; boundary=" + BOUNDARY, b"host": b"127.0.0.1:8080"}


def field(name, value):
    raw = value if isinstance(value, bytes) else str(value).encode()
    return b'Content-Disposition: form-data; name="%b"\r\n\r\n%b' % (name.encode(), raw)


def file(name, filename, body, kind="application/octet-stream"):
    head = f'Content-Disposition: form-data; name="{name}"; filename="{filename}"\r\nContent-Type: {kind}\r\n\r\n'
    return head.encode() + body


def form(*parts):
    """A body of parts, each with its own headers."""
    return b"".join([b"--%b\r\n%b\r\n" % (BOUNDARY, part) for part in parts]) + b"--%b--\r\n" % BOUNDARY
