"""How many CPUs this process may use: affinity and the cgroup's quota, which `os.cpu_count()` ignores.

`limit` is pure; `available` is the thin edge that reads the system's files.
"""

import math
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")


def limit(affinity: int, quotas: Iterable[float]) -> int:
    """Whole workers for `affinity` CPUs under `quotas` (in CPUs): a part of a CPU counts as one; at least 1."""
    return max(1, min([affinity, *(math.ceil(quota) for quota in quotas)]))


def quota_v2(text: str) -> float | None:
    """CPUs that a `cpu.max` allows (`<quota> <period>`), or None for `max` and for what is not understood."""
    fields = text.split()
    if len(fields) != 2 or not all(field.isdigit() for field in fields) or int(fields[1]) == 0:
        return None
    return int(fields[0]) / int(fields[1])


def quota_v1(quota: str, period: str) -> float | None:
    """CPUs that a `cpu.cfs_quota_us` and a `cpu.cfs_period_us` allow; a quota of -1 is no limit."""
    return quota_v2(f"{quota.strip()} {period.strip()}")


def groups(membership: str) -> tuple[str, str]:
    """The paths of the unified group and of the `cpu` group in a `/proc/self/cgroup`; "/" where there is none."""
    unified = cpu = "/"
    for line in membership.splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" and not controllers:
            unified = path
        elif "cpu" in controllers.split(","):
            cpu = path
    return unified, cpu


def available(root: Path = CGROUP, membership: Path = MEMBERSHIP) -> int:
    """As many workers as affinity and every enclosing cgroup allow."""
    unified, cpu = groups(_read(membership))
    quotas = [quota_v2(_read(folder / "cpu.max")) for folder in _ancestry(root, unified)]
    for controller in ("cpu", "cpu,cpuacct"):
        quotas += [
            quota_v1(_read(folder / "cpu.cfs_quota_us"), _read(folder / "cpu.cfs_period_us"))
            for folder in _ancestry(root / controller, cpu)
        ]
    return limit(_affinity(), [quota for quota in quotas if quota is not None])


def _ancestry(root: Path, group: str) -> Sequence[Path]:
    """The folders from the root to the group: a limit holds for everything below it."""
    folders = [root]
    for name in group.split("/"):
        if name not in ("", ".", ".."):
            folders.append(folders[-1] / name)
    return folders


def _affinity() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
