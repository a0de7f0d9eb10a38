"""docs/errors.md as data: its configuration, each provider's usual request, and what every row says and does.

What a row does stands in its last cell as code spans: `POST /path`, `name: value` (a header), `{...}` (merged into the
usual body, or the body itself where a path stands before it), `body: text` (sent as it is). A text `{9000 words}` is
that many words, `{id}` in a path the id that the answer before has. `then` begins another request, `twice` sends one
again. `a rule {...}` is the answer of a rule that the fleet then has for this row.
"""

import json
import re
import zlib
from pathlib import Path

import msgspec
import yaml

PAGE = Path(__file__).resolve().parents[2] / "docs" / "errors.md"
NOT_HERE = "not here"
STOPPING = "while the fleet stops"
CLOSED = "closed"
_WORDS = re.compile(r"\{(\d+) words\}")
_HEADER = re.compile(r"([a-z][a-z-]*): (.*)")
_REQUEST = re.compile(r"(GET|POST|PUT|PATCH|DELETE) (/\S*)")


class Step(msgspec.Struct):
    """One request. `body` None sends none."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes | None


class Row(msgspec.Struct):
    """One error: what it is, and the requests that produce it. `provider` as the registry names it."""

    provider: str
    status: str
    codes: tuple[str, ...]
    sentence: str
    how: str
    steps: tuple[Step, ...]

    @property
    def produced(self):
        return not self.how.startswith(NOT_HERE)

    @property
    def name(self):
        return f"{self.provider}-{self.status}-{'-'.join(self.codes)}-{self.sentence[:24]}"

    def says(self, message):
        """Whether a message is the row's sentence; an ellipsis stands for anything, and white space for any other."""
        pattern = ".*".join(re.escape(" ".join(part.split())) for part in self.sentence.split("…"))
        return re.fullmatch(pattern, " ".join(message.replace("`", "").split()), re.DOTALL) is not None


def text():
    return PAGE.read_text("utf-8")


def configuration():
    """The page's configuration, as a value, with the rules that rows name."""
    given = yaml.safe_load(re.search(r"^```yaml\n(.*?)^```$", text(), re.MULTILINE | re.DOTALL)[1])
    for row in rows():
        if "a rule `" in row.how:
            answer = _answer(row.how)
            given["rules"].append({"when": {"headers": {"x-error": tag(answer)}}, "answers": [yaml.safe_load(answer)]})
    return given


def rows():
    """Every row of every provider."""
    found = []
    for section in re.split(r"^## ", text(), flags=re.MULTILINE)[1:]:
        title = section.partition("\n")[0]
        block = re.search(r"^```http\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
        if block is None:
            continue
        usual = _usual(block[1])
        for line in re.findall(r"^\| (?!---|Status).*\|$", section, re.MULTILINE):
            status, codes, sentence, how = (
                cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]
            )
            steps = () if how.startswith(NOT_HERE) else tuple(_steps(how, usual))
            spans = tuple(re.findall(r"`([^`]+)`", codes))
            found.append(Row(title.split()[0].lower(), status, spans, sentence.strip("`"), how, steps))
    return found


def counted():
    """(how many rows can be produced, how many there are) as the page says it."""
    made, of = re.search(r"(\d+) of the (\d+) errors", text()).groups()
    return int(made), int(of)


def tag(answer):
    """The value of the header `x-error` for which the fleet has a rule with this answer."""
    return f"rule-{zlib.crc32(answer.encode()):08x}"


def _answer(how):
    return re.search(r"a rule `([^`]+)`", how)[1]


def _usual(block):
    head, _, body = block.partition("\n\n")
    first, *lines = head.splitlines()
    method, path = first.split()
    headers = dict(line.split(": ", 1) for line in lines)
    return method, path, headers, json.loads(body)


def _steps(how, usual):
    for part in re.split(r"\bthen\b(?=[^`]*(?:`[^`]*`[^`]*)*$)", how):
        method, path, headers, body = usual
        headers, sent = dict(headers), None
        ruled = "a rule `" in part
        if ruled:
            headers["x-error"] = tag(_answer(part))
        for span in () if ruled else re.findall(r"`([^`]+)`", part):
            if request := _REQUEST.fullmatch(span):
                method, path = request.groups()
                body = None if (method, path) != usual[:2] else body
            elif span.startswith("body: "):
                sent = span.removeprefix("body: ").encode()
            elif span.startswith("{") or span == "[]":
                value = json.loads(span)
                body = value if body is None else _patched(body, value)
            elif header := _HEADER.fullmatch(span):
                headers[header[1]] = header[2]
            else:
                raise ValueError(f"what is {span!r} in {how!r}?")
        if sent is None and body is not None:
            sent = json.dumps(_spoken(body)).encode()
        yield from [Step(method, path, headers, sent)] * (2 if re.search(r"\btwice\b", part) else 1)


def _patched(value, patch):
    """RFC 7396."""
    if not isinstance(patch, dict) or not isinstance(value, dict):
        return patch
    merged = {**value}
    for key, change in patch.items():
        if change is None:
            merged.pop(key, None)
        else:
            merged[key] = _patched(merged.get(key), change) if isinstance(change, dict) else change
    return merged


def _spoken(value):
    if isinstance(value, dict):
        return {key: _spoken(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_spoken(item) for item in value]
    if isinstance(value, str) and (counted := _WORDS.fullmatch(value)):
        return "hello " * int(counted[1])
    return value
