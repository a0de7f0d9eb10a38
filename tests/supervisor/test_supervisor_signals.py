"""Signals that wait for the loop."""

import signal
import subprocess
import sys

SCRIPT = """
import os, signal
from supervisor.signals import SignalPipe
pipe = SignalPipe()
pipe.catch([signal.SIGTERM, signal.SIGHUP])
assert pipe.wait(0.001) == []
for _ in range(3):
    os.kill(os.getpid(), signal.SIGHUP)
os.kill(os.getpid(), signal.SIGTERM)
got = []
while len(got) < 4:
    got += pipe.wait(5)
print(got, pipe.wait(0))
"""


def test_every_signal_is_told_once_and_in_order():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"{[signal.SIGHUP.value] * 3 + [signal.SIGTERM.value]} []"


WAITS = """
from supervisor.signals import SignalPipe
pipe = SignalPipe()
print(sum(pipe.wait(1e-6) == [] for _ in range(200)))
"""


def test_a_wait_ends_though_nothing_comes_however_busy_the_host():
    """`SimpleQueue.get` with a short timeout waited for ever when the process lost the CPU in the middle of it."""
    done = subprocess.run([sys.executable, "-c", WAITS], capture_output=True, text=True, timeout=20, check=True)
    assert done.stdout.strip() == "200"
