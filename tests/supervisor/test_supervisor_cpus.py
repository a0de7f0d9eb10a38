"""CPUs from affinity and cgroups."""

import pytest

from supervisor import cpus


@pytest.mark.parametrize(
    ("affinity", "quotas", "expected"),
    [(8, [], 8), (8, [2.0], 2), (8, [1.5], 2), (8, [0.1], 1), (2, [4.0], 2), (8, [4.0, 2.0, 3.0], 2), (0, [], 1)],
)
def test_the_tightest_limit_counts(affinity, quotas, expected):
    assert cpus.limit(affinity, quotas) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("200000 100000\n", 2.0), ("max 100000", None), ("50000 100000", 0.5), ("", None), ("1 0", None), ("x y", None)],
)
def test_cpu_max(text, expected):
    assert cpus.quota_v2(text) == expected


def test_cfs_quota():
    assert cpus.quota_v1("150000\n", "100000\n") == 1.5
    assert cpus.quota_v1("-1\n", "100000\n") is None


def test_groups():
    assert cpus.groups("0::/app/web\n") == ("/app/web", "/")
    assert cpus.groups("4:cpu,cpuacct:/docker/x\n2:memory:/y\n") == ("/", "/docker/x")
    assert cpus.groups("") == ("/", "/")


def test_a_limit_holds_for_everything_below_it(tmp_path, monkeypatch):
    monkeypatch.setattr(cpus, "_affinity", lambda: 16)
    inner = tmp_path / "app" / "web"
    inner.mkdir(parents=True)
    membership = tmp_path / "membership"
    membership.write_text("0::/app/web\n3:cpu:/app\n")
    assert cpus.available(tmp_path, membership) == 16
    (inner / "cpu.max").write_text("max 100000")
    (tmp_path / "app" / "cpu.max").write_text("600000 100000")
    assert cpus.available(tmp_path, membership) == 6
    old = tmp_path / "cpu" / "app"
    old.mkdir(parents=True)
    (old / "cpu.cfs_quota_us").write_text("300000")
    (old / "cpu.cfs_period_us").write_text("100000")
    assert cpus.available(tmp_path, membership) == 3


def test_this_host_has_at_least_one():
    assert cpus.available() >= 1
