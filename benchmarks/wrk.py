"""Load from `wrk`: as many requests as the server answers, over a fixed number of connections.

Edge: runs the program with a script made for the purpose, and reads one line back. A response that is not
2xx, a broken connection or a timeout fails the measurement: only good answers are counted.
"""

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from benchmarks.bodies import DIGITS, HEADERS, PATH, around, chat
from benchmarks.processes import HOST
from benchmarks.table import BenchmarkError

MARK = "RESULT"
RUNS = count(1)
# LuaJIT's long brackets take JSON as it is; no JSON text of ours holds the closing bracket.
OPEN, CLOSE = "[==[", "]==]"
DONE = f"""
done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format("{MARK} %d %d %d %d %d %.0f %.0f\\n", summary.requests, summary.duration, summary.bytes,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
"""
# Each of wrk's threads has a Lua state of its own; `turn` starts elsewhere in each, so that no two are in step.
VARIED = """
local threads = 0
setup = function(thread)
  thread:set("turn", threads * math.floor(#bodies / 2))
  threads = threads + 1
end
local formatted = {}
init = function(args)
  for i, body in ipairs(bodies) do formatted[i] = wrk.format(nil, nil, nil, body) end
end
request = function()
  turn = turn % #formatted + 1
  return formatted[turn]
end
"""
# The head is formatted once: a request then costs Lua one number and one concatenation.
ENDLESS = f"""
local threads = 0
setup = function(thread)
  thread:set("turn", threads * 500000000)
  threads = threads + 1
end
local opening
init = function(args)
  local body = before .. string.rep("0", {DIGITS}) .. after
  local whole = wrk.format(nil, nil, nil, body)
  opening = whole:sub(1, #whole - #body) .. before
  turn = turn + tonumber(args[1]) * 1000000
end
request = function()
  turn = turn + 1
  return opening .. string.format("%0{DIGITS}d", turn) .. after
end
"""


@dataclass(frozen=True, slots=True)
class Load:
    """What one run saw. Latencies in seconds, as wrk's clients measured them."""

    requests: int
    seconds: float
    bytes: int
    p50: float
    p99: float

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


def available() -> None:
    """Raises `BenchmarkError` where wrk is missing."""
    if shutil.which("wrk") is None:
        raise BenchmarkError("wrk is not installed; on Debian and Ubuntu: apt-get install wrk")


def script(
    folder: Path, bodies: Sequence[bytes], path: str = PATH, headers: Mapping[str, str] = HEADERS, name: str = "chat"
) -> Path:
    """A wrk script that posts these bodies: a single one as a constant request, several in turn.

    `name` tells the scripts of a folder apart.
    """
    if len(bodies) == 1:
        lines = [f"wrk.body = {_quoted(bodies[0])}"]
    else:
        lines = [f"local bodies = {{{','.join(map(_quoted, bodies))}}}", VARIED]
    return _written(folder / f"wrk-{name}-{len(bodies)}-{len(bodies[0])}.lua", lines, path, headers)


def endless_script(folder: Path) -> Path:
    """A wrk script that never posts the same body twice, over all runs of this process."""
    before, after = map(_quoted, around(chat()))
    return _written(folder / "wrk-endless.lua", [f"local before, after = {before}, {after}", ENDLESS])


def run(port: int, lua: Path, seconds: int, connections: int = 64, threads: int = 2) -> Load:
    """One run. Raises `BenchmarkError` if any answer was not 2xx or any connection failed."""
    command = ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(lua)]
    command += [f"http://{HOST}:{port}", "--", str(next(RUNS))]
    try:
        told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds + 30)
    except subprocess.TimeoutExpired:
        raise BenchmarkError(f"wrk did not end within {seconds + 30} s") from None
    line = next((line for line in told.stdout.splitlines() if line.startswith(MARK)), None)
    if line is None:
        raise BenchmarkError(f"wrk failed: {(told.stderr or told.stdout).strip()[-300:]}")
    requests, microseconds, received, status, broken, p50, p99 = map(int, line.split()[1:])
    if status or broken or not requests:
        raise BenchmarkError(f"of {requests} requests {status} were not answered with 2xx, {broken} connections failed")
    return Load(requests, microseconds / 1e6, received, p50 / 1e6, p99 / 1e6)


def _quoted(body: bytes) -> str:
    return f"{OPEN}{body.decode()}{CLOSE}"


def _written(file: Path, lines: Sequence[str], path: str = PATH, headers: Mapping[str, str] = HEADERS) -> Path:
    common = ['wrk.method = "POST"', f'wrk.path = "{path}"']
    common += [f'wrk.headers["{name}"] = "{value}"' for name, value in headers.items()]
    file.write_text("\n".join([*common, *lines, DONE]), encoding="utf-8")
    return file
