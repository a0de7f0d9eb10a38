"""Row: 2,000 streams at once with a token every 20 ms, arrivals spread over 2 s.

A token's lateness counts from the moment its request was written on a connection just opened, so it holds
the accept, the decoding, the plan and all that the client itself adds; see `stream_client`.
"""

from benchmarks import stream_client
from benchmarks.bodies import HEADERS, PATH, chat, whole
from benchmarks.processes import fleet, post
from benchmarks.setting import PROCESSES, Setting
from benchmarks.sockets import percentile, raise_descriptor_limit
from benchmarks.stream_client import FRAME, Pace
from benchmarks.table import BenchmarkError, Seen

STREAMS = 2_000
SPREAD = 2.0
TTFT_MS, ITL_MS = 500, 20
TOKENS = 300
MUST_MS = 10.0
CONTENT = b'"content":"'
EMPTY = CONTENT + b'"'


def run(setting: Setting) -> list[Seen]:
    """Lateness, rate and losses, and what the client itself added."""
    tokens = TOKENS // 2 if setting.quick else TOKENS
    raise_descriptor_limit(STREAMS + 64)
    config = setting.config("streaming", ttft_ms=TTFT_MS, itl_ms=ITL_MS, tokens=tokens)
    with fleet(setting.folder, "--config", str(config), workers=PROCESSES) as ours:
        pace = _pace(ours.port, tokens)
        before = ours.cpu_seconds()
        seen = stream_client.measure(ours.port, whole(chat(tokens=tokens), ours.port), STREAMS, SPREAD, pace)
        spent = ours.cpu_seconds() - before
    late = {q: percentile(seen.lateness, q) * 1e3 for q in (1, 50, 90, 99, 100)}
    lag = {q: percentile(seen.lags, q) * 1e3 for q in (50, 99)}
    cpu = [seconds / seen.planned * 1e6 for seconds in (spent, seen.cpu_seconds)]
    first = percentile(seen.first_lateness, 99) * 1e3
    spread = f"p1 {late[1]:.1f}, p50 {late[50]:.1f}, p90 {late[90]:.1f}, worst {late[100]:.0f}"
    return [
        Seen(
            f"{STREAMS:,} streams, {ITL_MS} ms ITL: p99 lateness",
            f"{late[99]:.1f} ms ({spread}; first tokens' p99 {first:.1f})",
            f"<= {MUST_MS:g} ms",
            late[99] <= MUST_MS,
            {f"p{q}_ms": value for q, value in late.items()} | {"first_p99_ms": first},
        ),
        Seen(
            f"{STREAMS:,} streams: tokens lost",
            f"{seen.lost:,} of {seen.planned:,}; {seen.complete:,} streams ended well",
            "none",
            seen.lost == 0 and seen.complete == STREAMS,
            {"lost": seen.lost, "planned": seen.planned, "complete": seen.complete},
        ),
        Seen(
            f"{STREAMS:,} streams: tokens/s while all ran",
            f"{seen.rate:,.0f}",
            f">= {STREAMS * 1000 // ITL_MS:,} less 2 %",
            seen.rate >= 0.98 * STREAMS * 1000 / ITL_MS,
            {"rate": seen.rate},
        ),
        Seen(
            "  of which the client's own lag",
            f"p50 {lag[50]:.2f} ms, p99 {lag[99]:.2f} ms; CPU a token {cpu[1]:.1f} us (the fleet {cpu[0]:.1f})",
            values={f"lag_p{q}_ms": value for q, value in lag.items()} | {"fleet_cpu_us": cpu[0], "cpu_us": cpu[1]},
        ),
    ]


def _pace(port: int, tokens: int) -> Pace:
    """How our streams are framed, read from one of them: frames before the first token, and in all."""
    _, body = post(port, PATH, HEADERS, chat(tokens=tokens))
    frames = (b"\n" + body).split(FRAME)[1:]
    content = [number for number, frame in enumerate(frames) if CONTENT in frame and EMPTY not in frame]
    if len(content) != tokens or content != list(range(content[0], content[0] + tokens)):
        raise BenchmarkError(f"a stream of {tokens} tokens had {len(content)} frames with text")
    return Pace(TTFT_MS / 1e3, ITL_MS / 1e3, tokens, content[0], len(frames))
