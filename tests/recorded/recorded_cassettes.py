"""Recorded real traffic: the cassettes in the sdists of two client libraries, fetched by pip, read from the archive.

Nothing of them is in the repository. Values of headers are redacted in them, their names and all bodies are whole.
Edge: runs pip, reads and writes a folder of the environment that runs the tests.
"""

import fcntl
import gzip
import json
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

import yaml

SDISTS = (("langchain_openai", "1.7.4"), ("langchain_anthropic", "1.7.10"))
"""Exact releases: what is listed as a difference is what these hold."""
FOLDER = Path(sys.prefix) / "recorded-traffic"
PATIENCE = 240
ATTEMPTS = 3
REFUSED_KEY = 401
"""What made these fail is not in the cassettes: it stood in a header."""
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

CHAT = "/v1/chat/completions"
EMBEDDINGS = "/v1/embeddings"
RESPONSES = "/v1/responses"
CODEX = "codex"
"""Requests of the Responses API to another front door of the service, which streams only and has headers of its own."""
MESSAGES = "/v1/messages"


class Unavailable(Exception):  # noqa: N818 - says what is so
    """The archives cannot be had."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what the real service answered.

    `kind` is the path, or `CODEX`; `asked` the request's body; `headers` and `sent` the names, in small letters, of the
    answer's and the request's headers.
    """

    name: str
    kind: str
    asked: dict
    status: int
    headers: frozenset
    sent: frozenset
    body: bytes

    @property
    def streamed(self):
        return self.body.lstrip().startswith((b"data:", b"event:"))


def cassettes():
    """Every cassette as a list of its exchanges with endpoints that we serve, in their order. Raises `Unavailable`."""
    found = []
    for package, version in SDISTS:
        with tarfile.open(_sdist(package, version)) as archive:
            for member in sorted(archive.getmembers(), key=lambda each: each.name):
                if "/tests/cassettes/" in member.name and member.name.endswith(".yaml.gz"):
                    text = gzip.decompress(archive.extractfile(member).read())
                    # In brackets a name would be a pattern to whatever matches headers.
                    name = Path(member.name).name.removesuffix(".yaml.gz").replace("[", "(").replace("]", ")")
                    name = f"{package}/{name}"
                    found.append(_exchanges(name, yaml.load(text, LOADER)))  # noqa: S506 - both loaders are safe ones
    return [each for each in found if each]


def _exchanges(name, told):
    found = []
    for number, (request, response) in enumerate(zip(told["requests"], told["responses"], strict=True)):
        sent = frozenset(header.lower() for header in request["headers"])
        asked = _json(request["body"])
        kind = _kind(asked, sent)
        if request["method"] == "POST" and kind is not None and response["status"]["code"] != REFUSED_KEY:
            body = response["body"]["string"]
            body = body.encode() if isinstance(body, str) else body
            if body.startswith(b"\x1f\x8b"):
                body = gzip.decompress(body)
            headers = frozenset(header.lower() for header in response["headers"])
            status = response["status"]["code"]
            found.append(Exchange(f"{name}.{number}", kind, asked, status, headers, sent, body))
    return found


def _json(body):
    try:
        told = json.loads(body or b"null")
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _kind(asked, sent):
    """Which endpoint was asked: addresses are redacted in most cassettes, bodies tell."""
    if "model" not in asked:
        return None
    if "anthropic-version" in sent:
        return MESSAGES if "messages" in asked else None
    if "chatgpt-account-id" in sent:
        return CODEX
    if "messages" in asked:
        return CHAT
    if "input" in asked:
        return EMBEDDINGS if str(asked["model"]).startswith("text-embedding") else RESPONSES
    return None


def _sdist(package, version):
    """The archive's place; downloaded once for an environment, whichever test process comes first."""
    place = FOLDER / f"{package}-{version}.tar.gz"
    if place.exists():
        return place
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            _download(f"{package.replace('_', '-')}=={version}")
    if not place.exists():
        raise Unavailable(f"pip brought no {place.name}")
    return place


def _download(requirement):
    # No index of another kind, no dependency: one file. pip builds its metadata, in an environment of its own.
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--no-binary", ":all:", "--dest", str(FOLDER), requirement]
    told = ""
    for _ in range(ATTEMPTS):
        try:
            ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
        except subprocess.TimeoutExpired:
            told = f"no end after {PATIENCE} s"
            continue
        if ended.returncode == 0:
            return
        told = ended.stderr.strip()[-500:]
    raise Unavailable(f"pip download {requirement}: {told}")
