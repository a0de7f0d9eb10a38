"""What every row is given, and the configurations that rows make for themselves."""

import json
from dataclasses import dataclass
from pathlib import Path

PROCESSES = 2
"""Workers of our fleet and processes of the bare application, wherever the two are compared."""


@dataclass(slots=True)
class Setting:
    """One run of the benchmarks. `folder` is temporary; `quick` asks for shorter and fewer measurements."""

    folder: Path
    quick: bool = False
    throughput: float | None = None
    """Chat completions a second that our fleet reached with new bodies in this run, once that is known."""

    def config(self, name: str, *, ttft_ms: float = 0, itl_ms: float = 0, tokens: int | None = None) -> Path:
        """A configuration file: every model at this constant pace.

        With `tokens` answers are longer than that, so that a request which asks for no more gets exactly that.
        """
        latency = {
            "ttft": {"distribution": "constant", "value_ms": ttft_ms},
            "itl": {"distribution": "constant", "value_ms": itl_ms},
            "prefill_ms_per_token": 0,
        }
        document: dict[str, object] = {"providers": {"*": {"latency": latency}}}
        if tokens is not None:
            longer = 2 * tokens
            document["response"] = {"length": {"p50": longer, "p95": longer, "min": longer, "max": 2 * longer}}
        path = self.folder / f"{name}.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        return path
