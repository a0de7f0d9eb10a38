"""docs/fault-table.md: every kind of failure, and what each official client made of it.

Written anew, from the clients that are installed, by `python tests/clients/faults_table.py`.
"""

import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(1, str(Path(__file__).resolve().parent.parent))

from faults_asking import askers, outcome
from serving import Simulator

PAGE = Path(__file__).resolve().parents[2] / "docs" / "fault-table.md"
PACKAGES = {
    "openai": ("OpenAI", "openai"),
    "anthropic": ("Anthropic", "anthropic"),
    "gemini": ("Gemini", "google-genai"),
    "azure": ("Azure OpenAI", "openai"),
    "cohere": ("Cohere", "cohere"),
    "mistral": ("Mistral", "mistralai"),
    "ollama": ("Ollama", "ollama"),
}
"""The name of each dialect, and the package that its client is in."""
HELD = 5_000
"""Milliseconds: longer than an impatient client waits."""
IMPATIENT = 1.5
"""Seconds."""
PATIENT = 60.0
ROWS = (
    "bad_request",
    "authentication",
    "permission",
    "not_found",
    "too_large",
    "context_length",
    "rate_limit",
    "insufficient_quota",
    "server_error",
    "bad_gateway",
    "overloaded",
    "unavailable",
    "gateway_timeout",
    "content_filter;after_tokens=0",
    "content_filter;after_tokens=3",
    "timeout;after_ms=50",
    f"timeout;after_ms={HELD}",
    "reset;after_tokens=0",
    "reset;after_tokens=3",
    "cut;after_tokens=0",
    "cut;after_tokens=3",
    "cut;after_tokens=3;mid_frame=?1",
    f"stall;after_tokens=0;duration_ms={HELD}",
    f"stall;after_tokens=3;duration_ms={HELD}",
    "trickle;bytes_per_sec=4000",
    "malformed;after_tokens=3",
    "truncated_json;after_tokens=3",
    "missing_terminator",
    "wrong_length;by_bytes=10",
    "wrong_length;by_bytes=-10",
    "error_event;after_tokens=3",
    "error_event;after_tokens=3;error=overloaded",
)
"""What is asked for, as the header has it."""
AT_ONCE = 20
INTRODUCTION = f"""\
# What the official clients make of each failure

Every kind of [failure](faults.md), asked of each official client for Python, plain and streamed, without a retry. A
cell is what the program that asked got to see: the class of the exception, with its status where it has one, or what
was answered without any. The first column is what was asked for in the header `x-llm-sim-fault`. The clients waited
{IMPATIENT:g} seconds for an answer that was held or stalled, and {PATIENT:g} for any other.

- *After some of the text*: the exception came while the stream was read. A program that shows text as it comes has
  shown that much, and none of these clients asks again by itself.
- *Without an end*: the stream told no reason to end, and was over for the client all the same. A program that does not
  look for the reason takes the beginning of an answer for the whole.
- *With a gap*: the client passed over a frame that it could not read.

A test makes these tables and compares them; `python tests/clients/faults_table.py` writes them anew.
"""


def cells(url):
    """What came of each failure, by (dialect, row, streamed)."""
    found = {}
    with askers(url) as clients, ThreadPoolExecutor(AT_ONCE) as pool:
        wholes = {name: "".join(piece for piece, _ in ask({}, False, PATIENT)) for name, ask in clients.items()}
        for row in ROWS:
            for stream in (False, True):
                for name, ask in clients.items():
                    timeout = IMPATIENT if f"={HELD}" in row else PATIENT
                    given = {"stream": stream, "timeout": timeout, "whole": wholes[name]}
                    found[name, row, stream] = pool.submit(outcome, ask, row, **given)
        return {key: future.result() for key, future in found.items()}


def tables(found):
    """The tables, by dialect."""
    head = "| Failure | Plain | Streamed |\n| --- | --- | --- |\n"
    return {
        name: head + "".join(f"| `{row}` | {found[name, row, False]} | {found[name, row, True]} |\n" for row in ROWS)
        for name in PACKAGES
    }


def page(found):
    """The whole page."""
    made = tables(found)
    parts = [
        f"## {title}\n\nWith `{package}` {version(package)}.\n\n{made[name]}"
        for name, (title, package) in PACKAGES.items()
    ]
    return "\n".join([INTRODUCTION, *parts])


def main():
    with (
        tempfile.TemporaryDirectory() as folder,
        Simulator(folder, "--latency", "none", workers=2) as fleet,
    ):
        PAGE.write_text(page(cells(fleet.url)), "utf-8")


if __name__ == "__main__":
    main()
