"""The page that lists the known differences, read. Edge: reads one file."""

import re
from pathlib import Path

from recorded_cassettes import CHAT, CODEX, EMBEDDINGS, MESSAGES, RESPONSES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "fidelity.md"
SECTIONS = {
    "Everywhere": (CHAT, EMBEDDINGS, MESSAGES, RESPONSES),
    "Chat completions": (CHAT,),
    "Embeddings": (EMBEDDINGS,),
    "Messages": (MESSAGES,),
    "Responses": (RESPONSES, CODEX),
    "Responses at ChatGPT's own address": (CODEX,),
}
"""What each section of the page speaks of."""


def rows():
    """(section, first cell) of every row of the page's tables, but for their heads."""
    section = ""
    for line in PAGE.read_text("utf-8").splitlines():
        if line.startswith("## "):
            section = line.removeprefix("## ")
        elif line.startswith("|") and not line.startswith(("| ---", "| Difference ")):
            yield section, line.split(" | ")[0].removeprefix("| ")


def listed():
    """(section, sentence) of every difference that the page lists; a sentence may have `*` for anything."""
    return [(section, sentence) for section, cell in rows() for sentence in re.findall(r"`([^`]+)`", cell)]


def matches(sentence, found):
    """Whether a listed sentence is about a found one."""
    return re.fullmatch(".*".join(map(re.escape, sentence.split("*"))), found, re.DOTALL) is not None


def unlisted(found, kind, sentences):
    """Those of the found sentences about `kind` that the page does not list."""
    known = [sentence for section, sentence in sentences if kind in SECTIONS[section]]
    return [each for each in found if not any(matches(sentence, each) for sentence in known)]


def stale(found, sentences):
    """What the page lists and nothing is found of; `found` has the sentences of every kind."""
    return [
        (section, sentence)
        for section, sentence in sentences
        if not any(matches(sentence, each) for kind in SECTIONS[section] for each in found[kind])
    ]
