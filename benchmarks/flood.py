"""Row: streaming without latency. wrk asks for long streamed answers and reads them as fast as they come."""

from statistics import median

from benchmarks import wrk
from benchmarks.bodies import HEADERS, PATH, chat
from benchmarks.processes import fleet, post
from benchmarks.setting import PROCESSES, Setting
from benchmarks.table import BenchmarkError, Seen

MUST_RATE = 1_000_000
TOKENS = 1_000
BODIES = 50


def run(setting: Setting) -> list[Seen]:
    """Tokens a second: streams a second times the tokens of each, a number checked on one answer."""
    wrk.available()
    config = setting.config("flood", tokens=TOKENS)
    rounds, seconds = (2, 2) if setting.quick else (3, 4)
    with fleet(setting.folder, "--config", str(config), "--latency", "none", workers=PROCESSES) as ours:
        _, body = post(ours.port, PATH, HEADERS, chat(tokens=TOKENS))
        # The first frame brings the role and an empty text.
        tokens = body.count(b'"content":"') - body.count(b'"content":""')
        if tokens != TOKENS:
            raise BenchmarkError(f"a stream that was to have {TOKENS} tokens had {tokens}")
        lua = wrk.script(setting.folder, [chat(number, tokens=TOKENS) for number in range(BODIES)])
        wrk.run(ours.port, lua, 1)
        loads = [wrk.run(ours.port, lua, seconds) for _ in range(rounds)]
    rates = [load.rate * TOKENS for load in loads]
    volume = median(load.bytes / load.seconds for load in loads) / 1e6
    return [
        Seen(
            f"streaming without latency, {TOKENS:,} tokens a stream: tokens/s",
            f"{median(rates):,.0f} ({volume:,.0f} MB/s)",
            f">= {MUST_RATE:,}",
            median(rates) >= MUST_RATE,
            {"rates": rates},
        )
    ]
