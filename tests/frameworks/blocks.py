"""Runs programs in one process, since importing a client takes a second or more.

Reads them as a list in JSON from standard input; the last line of output is the list of what each printed. Nothing but
this machine may be called.
"""

import json
import sys

from scenes import printed_by, watched

if __name__ == "__main__":
    with watched():
        printed = [printed_by(program) for program in json.load(sys.stdin)]
    print(json.dumps(printed))  # noqa: T201 - this is what it is for
