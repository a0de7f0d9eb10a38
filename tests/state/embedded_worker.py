"""A process that uses an embedded store as a worker would. Started by tests; speaks lines of JSON.

`python embedded_worker.py <folder> <options as JSON>` opens the store, says {"ready": …}, and then does what each line
asks, answering each with a line. It ends with its input.
"""

import asyncio
import contextlib
import json
import resource
import select
import signal
import subprocess
import sys
from pathlib import Path

from embedded_factory import SIZE, embedded

from simulator.state.board import Board
from simulator.state.embedded.store import wall_clock_us
from simulator.state.store import DAY_US, MINUTE_US, Demand, Lease, ObjectLimits, SessionLimits, StoreUnavailable, Turn

LIMITS = SessionLimits(10**6, 3_600_000_000, 10**6)


def demand(capacity, amount=1):
    return Demand(b"common", amount, capacity, MINUTE_US * 60, fixed=True)


def say(answer):
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


class Tasks:
    def __init__(self, store):
        self.store = store

    async def admit(self, capacity, times):
        """How many of so many requests of 1 were admitted."""
        return sum([self.store.admit_now([demand(capacity)]).admitted for _ in range(times)])

    async def admit_and_hang(self, capacity, times):
        """As `admit`, and then it never comes back."""
        say(await self.admit(capacity, times))
        signal.pause()

    async def lease(self, limit):
        return self.store.admit_now([], [Lease(b"places", limit)]).admitted

    async def release(self):
        self.store.settle_now([], [b"places"])

    async def level(self):
        return self.store.level_of(demand(1))[0]

    async def remember(self, number, size):
        """Sessions of so many bytes each; returns how many are kept afterwards."""
        for index in range(number):
            await self.store.remember("worker", f"{index:06}", [Turn(b"x" * size, 1)], LIMITS)
        return await self.store.session_count(LIMITS)

    async def names(self):
        return [each.name for each in await self.store.sessions(LIMITS, most=10**6)]

    async def put(self, prefix, number, size, max_objects, max_bytes):
        """Objects of so many bytes each, all of one shelf."""
        limits = ObjectLimits(max_objects, max_bytes)
        for index in range(number):
            await self.store.put("worker", "file", f"{prefix}{index}", b"x" * size, DAY_US, limits)

    async def increase(self, times):
        """Count in one object by swapping it; returns how often that was tried."""
        tries = 0
        for _ in range(times):
            done = False
            while not done:
                tries += 1
                old = await self.store.object("worker", "count", "common")
                done = await self.store.swap("worker", "count", "common", old, b"%d" % (int(old) + 1))
        return tries

    async def recall(self, texts):
        """How many times each text was unknown as a prompt's one block."""
        return sum([1 - await self.store.recall([text.encode()], DAY_US) for text in texts])

    async def store_for_ever(self):
        """Objects and prompts, without a pause, until it is killed."""
        say("storing")
        number = 0
        limits = ObjectLimits(30, 400_000)
        while True:
            number += 1
            name = f"{number % 50}"
            await self.store.put("worker", "file", name, b"x" * (number * 7919 % 60_000), DAY_US, limits)
            await self.store.drop("worker", "file", f"{number * 7 % 50}")
            await self.store.recall([b"%d" % number], DAY_US)

    async def health(self):
        health = self.store.health()
        return [health.state, health.reason]

    async def write_for_ever(self):
        """Limits, leases and sessions, without a pause, until it is killed."""
        say("writing")
        number = 0
        while True:
            number += 1
            self.store.admit_now([demand(10**9)], [Lease(b"places", 10**6)])
            await self.store.remember("worker", f"{number % 50}", [Turn(b"x" * 5000, 1)], LIMITS)


async def main(folder, *, file_size=None, owner="0", fleet="fleet", size=SIZE, slots=0):
    if file_size is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))
    board = Board(slots) if slots else None
    store = embedded(Path(folder), wall_clock_us, owner=owner.encode(), fleet=fleet.encode(), size=size, board=board)
    await store.open()
    tasks = Tasks(store)
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    say({"ready": owner})
    try:
        while line := await reader.readline():
            name, *given = json.loads(line)
            try:
                answer = await getattr(tasks, name)(*given)
            except StoreUnavailable as error:
                answer = {"unavailable": str(error)}
            say(answer)
    finally:
        transport.close()
        await store.close()


class Worker:
    """The process, as a test holds it."""

    def __init__(self, folder, **options):
        command = [sys.executable, __file__, str(folder), json.dumps(options)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def __enter__(self):
        self.answer()
        return self

    def __exit__(self, *error):
        if self.process.poll() is None:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
        self.process.stdout.close()
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()

    def ask(self, *question):
        """Do something there; returns what it answers."""
        self.tell(*question)
        return self.answer()

    def tell(self, *question):
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()

    def answer(self, patience=20):
        assert select.select([self.process.stdout], [], [], patience)[0], "the worker is silent"
        line = self.process.stdout.readline()
        assert line, f"the worker ended with {self.process.wait(5)}"
        return json.loads(line)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], **json.loads(sys.argv[2])))
