"""Reading a trace: CSV, JSON Lines or JSON, of this product's columns or a tool's. Edge: opens the file.

What it is is told from the first character that is no space: `{` or `[` is JSON, anything else is CSV with a line
of names. A bad row is named by its line (by its number where a JSON file has no lines), and counted.
"""

import csv
import io
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

from simulator.fitting.rows import Failed, request_of
from simulator.fitting.tools import rows_of
from simulator.fitting.trace import Trace, TraceError

Progress: TypeAlias = Callable[[int], None]
"""Called now and then with the number of rows read."""

STDIN = Path("-")
_EVERY = 20_000
_LONGEST_CELL = 1 << 30


def read(path: Path, *, skip_bad: bool = False, progress: Progress | None = None) -> Trace:
    """The trace in a file; `-` is standard input.

    Raises `TraceError` for a file that cannot be read, for bad rows unless `skip_bad`, and for a trace
    without a single request.
    """
    name = "standard input" if path == STDIN else path.name
    return parsed(_bytes(path), name, skip_bad=skip_bad, progress=progress)


def parsed(data: bytes, source: str, *, skip_bad: bool = False, progress: Progress | None = None) -> Trace:
    """The trace in these bytes; raises as `read`. `source` is what it is called."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise TraceError(f"{source}:{line}: byte {error.start + 1} is not UTF-8 text") from None
    start = text.lstrip()[:1]
    if not start:
        raise TraceError(f"{source}: the trace is empty")
    trace = Trace(source)
    rows = _json_rows(text, source) if start in ("{", "[") else _csv_rows(text, source)
    for count, (where, value) in enumerate(rows, 1):
        _take(trace, where, value)
        if progress is not None and count % _EVERY == 0:
            progress(count)
    if trace.bad_rows and not skip_bad:
        more = trace.bad_rows - len(trace.bad)
        lines = [*trace.bad, *([f"and {more:,} more"] if more else []), "--skip-bad leaves bad rows out"]
        raise TraceError("\n".join(lines))
    if not trace.requests:
        reason = f"; {trace.failed:,} tell of failed requests" if trace.failed else ""
        reason += f"; {trace.bad_rows:,} are bad, the first: {trace.bad[0]}" if trace.bad_rows else ""
        raise TraceError(f"{source}: no row tells a time{reason}")
    return trace


def _take(trace: Trace, where: str, value: Any) -> None:
    if isinstance(value, ValueError):
        trace.refuse(where, str(value))
        return
    try:
        for row in rows_of(value):
            if not isinstance(row, dict):
                trace.refuse(where, "not an object with named values")
                continue
            try:
                trace.add(request_of(row))
            except Failed:
                trace.failed += 1
            except ValueError as error:
                trace.refuse(where, str(error))
    except ValueError as error:
        trace.refuse(where, str(error))


def _bytes(path: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if path == STDIN else path.read_bytes()
    except FileNotFoundError:
        raise TraceError(f"{path}: there is no such file") from None
    except IsADirectoryError:
        raise TraceError(f"{path}: this is a folder; name the file in it") from None
    except (OSError, ValueError) as error:
        raise TraceError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _csv_rows(text: str, source: str) -> Iterator[tuple[str, Any]]:
    before = csv.field_size_limit(_LONGEST_CELL)
    try:
        first = text.lstrip().partition("\n")[0]
        mark = max(",;\t", key=first.count)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
        names: list[str] | None = None
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise TraceError(f"{source}:{reader.line_num}: not CSV: {error}") from None
            where = f"{source}:{reader.line_num}"
            if not any(cell.strip() for cell in cells):
                continue
            if names is None:
                names = [cell.strip().lower() for cell in cells]
                if len(set(names)) < len(names):
                    raise TraceError(f"{where}: two columns have one name")
            elif len(cells) != len(names):
                yield where, ValueError(f"{len(cells)} cells under {len(names)} names")
            else:
                yield where, {name: cell.strip() for name, cell in zip(names, cells, strict=True)}
    finally:
        csv.field_size_limit(before)


def _json_rows(text: str, source: str) -> Iterator[tuple[str, Any]]:
    """A whole document that is a list of rows or one row; else a row a line."""
    first = text.lstrip().partition("\n")[0]
    if isinstance(_decoded(first), ValueError):
        whole = _decoded(text)
        if not isinstance(whole, ValueError):
            rows = whole if isinstance(whole, list) else [whole]
            yield from ((f"{source}: row {place}", row) for place, row in enumerate(rows, 1))
            return
        if text.lstrip().startswith("[") or "\n" not in text.strip():
            raise TraceError(f"{source}: not JSON: {whole}")
    for line, each in enumerate(text.split("\n"), 1):
        if each.strip():
            value = _decoded(each)
            if isinstance(value, list):
                yield from ((f"{source}:{line}: row {place}", row) for place, row in enumerate(value, 1))
            else:
                yield f"{source}:{line}", value


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError:
        return ValueError("nested too deeply")
    except ValueError as error:
        return ValueError(f"not JSON: {error}")
