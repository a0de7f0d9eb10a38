"""A terminal that is redrawn in place. Edge of termios and of ANSI's control sequences.

Drawn on the alternate screen with the cursor hidden; however the block ends, the screen, the cursor and the keyboard
are as they were before.
"""

import contextlib
import os
import select
import shutil
import sys
import termios
import time
import tty
from collections.abc import Iterator, Sequence

ENTER = "\x1b[?1049h\x1b[?25l"
LEAVE = "\x1b[?25h\x1b[?1049l"
HOME = "\x1b[H"
END_OF_LINE = "\x1b[K"
END_OF_SCREEN = "\x1b[J"
QUIT = b"qQ\x03\x04"
"""Keys that end: q, and what Ctrl-C and Ctrl-D send where they send a character."""


class Terminal:
    """The screen and the keyboard while they are ours."""

    def __init__(self, keys: int | None) -> None:
        """`keys` is the descriptor of the keyboard, None if there is none."""
        self._keys = keys

    @property
    def size(self) -> tuple[int, int]:
        """Columns and lines at this moment."""
        found = shutil.get_terminal_size()
        return found.columns, found.lines

    def draw(self, lines: Sequence[str]) -> None:
        """Show lines from the top; the last column stays empty, as a full line would wrap on some terminals."""
        write(HOME + (END_OF_LINE + "\r\n").join(lines) + END_OF_LINE + END_OF_SCREEN)

    def quits(self, until: float) -> bool:
        """Wait until a moment of the monotonic clock; True at once when a key that ends is pressed."""
        while (rest := until - time.monotonic()) > 0:
            watched = [] if self._keys is None else [self._keys]
            ready, _, _ = select.select(watched, [], [], rest)
            if not ready or self._keys is None:
                continue
            pressed = os.read(self._keys, 64)
            if any(key in QUIT for key in pressed):
                return True
            if not pressed:
                self._keys = None  # the keyboard is gone; the clock still ends the wait
        return False


@contextlib.contextmanager
def terminal() -> Iterator[Terminal]:
    """Take the terminal; give it back in any case."""
    keys = sys.stdin.fileno() if sys.stdin is not None and sys.stdin.isatty() else None
    before = termios.tcgetattr(keys) if keys is not None else None
    try:
        if keys is not None:
            tty.setcbreak(keys)
        write(ENTER)
        yield Terminal(keys)
    finally:
        write(LEAVE)
        if keys is not None and before is not None:
            termios.tcsetattr(keys, termios.TCSADRAIN, before)


def write(text: str) -> None:
    """Write to standard output at once; what its encoding has no sign for becomes a question mark."""
    out = sys.stdout
    out.write(text.encode(out.encoding or "ascii", "replace").decode(out.encoding or "ascii"))
    out.flush()
