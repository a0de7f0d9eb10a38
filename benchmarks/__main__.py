"""`python -m benchmarks`: every row of the table, or one of them. Wiring.

Exit code 0 when every row could be measured, whatever was seen; 1 when one could not; 2 for a wrong option.
Figures are for people to judge: nothing here fails because this machine is slow.
"""

import argparse
import shlex
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType

from benchmarks import dialects, faults, flood, limits, memory, overhead, start, streaming, table, throughput, truth
from benchmarks.quiet import NOTABLE, Moment
from benchmarks.setting import Setting
from benchmarks.table import BenchmarkError, Seen

ROWS: Mapping[str, Callable[[Setting], list[Seen]]] = {
    "chat": throughput.run,
    "dialects": dialects.run,
    "limits": limits.run,
    "faults": faults.run,
    "overhead": overhead.run,
    "streaming": streaming.run,
    "truth": truth.run,
    "flood": flood.run,
    "start": start.run,
    "memory": memory.run,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write JSON where asked."""
    options = _options(arguments)
    # A context manager ends what it started only if the interpreter unwinds.
    signal.signal(signal.SIGTERM, _leave)
    command = shlex.join(["python", "-m", "benchmarks", *(sys.argv[1:] if arguments is None else arguments)])
    facts = table.machine()
    rows: list[Seen] = []
    failed = False
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as folder:
        setting = Setting(Path(folder), quick=options.quick)
        for name in options.only or ROWS:
            print(f"measuring {name} ...", file=sys.stderr, flush=True)
            before = Moment.current()
            try:
                rows += ROWS[name](setting)
            except BenchmarkError as error:
                failed = True
                rows.append(Seen(name, f"not measured: {error}"))
            disturbed = before.disturbance(Moment.current())
            if disturbed > NOTABLE:
                note = f"other processes took {disturbed:.0%} of the cores meanwhile"
                rows.append(Seen(f"  {name} was disturbed", note, values={"share": disturbed}))
    print(command)
    print("; ".join(f"{name} {value}" for name, value in facts.items()))
    print()
    print(table.text(rows))
    if options.json:
        options.json.write_text(table.document(rows, facts, command) + "\n", encoding="utf-8")
    return int(failed)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measures the fleet on this machine, side by side with bare uvicorn."
    )
    parser.add_argument("--only", choices=ROWS, action="append", metavar="ROW", help=f"one row: {', '.join(ROWS)}")
    parser.add_argument("--quick", action="store_true", help="shorter and fewer measurements")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    return parser.parse_args(arguments)


def _leave(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of a handler
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
