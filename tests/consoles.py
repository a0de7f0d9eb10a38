"""The consoles of a page: what is typed, and what it prints when it is typed to a running fleet."""

import re
import subprocess

ADDRESS = "http://127.0.0.1:8080"
"""Where the pages' fleet listens."""


def blocks(text, language):
    """The text of every block of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def consoles(text):
    """(command, what it prints) of every console line of a page."""
    for block in blocks(text, "console"):
        for each in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, printed = each.partition("\n")
            yield command, printed


def typed(command, fleet):
    """What a command prints with the fleet in the page's place."""
    ended = subprocess.run(
        ["sh", "-c", command.replace(ADDRESS, fleet.url)], capture_output=True, text=True, timeout=30, check=True
    )
    return ended.stdout
