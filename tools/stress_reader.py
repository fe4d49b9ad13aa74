"""Works the compiled reader from many threads and checks every byte: `python tools/stress_reader.py`, `make sanitize`.

Workers open connections, read, leave early, drop twice or never, and let the garbage collection do it, beside threads
that wake, ask and watch at random; the server sends whole answers, breaks off, floods, and is silent.  What comes out
must be what was sent, in order, with stamps that do not go back, and nothing may be left over.

`--sanitize` builds `_reader.c` with AddressSanitizer and UndefinedBehaviorSanitizer, then with ThreadSanitizer, and
runs the same under each.  Needs gcc with their libraries, and Linux.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib.util
import os
import random
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from reader_build import READER, SUFFIX, build_reader

ROOT = Path(__file__).resolve().parents[1]
SO_TIMESTAMPNS = 35
PIECE, FLOOD_BYTES = 200, 3_000_000
STEP_BACK_NS = 100_000_000
"""The two clocks are compared anew for each round, and a thread may be put aside meanwhile."""

SANITIZERS = {
    "address,undefined": ("libasan.so", {"ASAN_OPTIONS": "detect_leaks=0", "PYTHONMALLOC": "malloc"}),
    "thread": ("libtsan.so", {"TSAN_OPTIONS": "halt_on_error=1"}),
}
"""What is built in -> (what must be loaded before all else, environment).  Leaks are counted here: see `stress`."""


def loaded(path: Path) -> Any:
    """The compiled module in this file."""
    spec = importlib.util.spec_from_file_location("_reader", path)
    if spec is None or spec.loader is None:
        raise ImportError(str(path))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def piece(number: int) -> bytes:
    """One of the numbered pieces of which answers are made."""
    return (b"%04x" % number) * (PIECE // 4)


class Server:
    """Sends pieces, and ends each connection in one of several ways."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Takes no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        chance = random.Random()  # noqa: S311
        with contextlib.suppress(OSError), sock:
            sock.recv(8)
            ending = chance.choice(["whole", "whole", "reset", "flood", "silent"])
            for number in range(chance.randrange(1, 60)):
                sock.sendall(piece(number))
                if chance.random() < 0.3:
                    time.sleep(chance.random() * 0.002)
            if ending == "flood":
                sock.sendall(b"z" * FLOOD_BYTES)
            if ending == "reset":
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            if ending == "silent":
                time.sleep(0.05)


class Stress:
    """One run of all that."""

    def __init__(self, module: Any, seconds: float) -> None:
        self.counts = {"whole": 0, "broken": 0, "left": 0, "watched": 0}
        self.faults: list[str] = []
        self._module = module
        self.loop, self._gate, self._inside = module.Loop(), module.Gate(), 0
        self._end_s = time.monotonic() + seconds
        self._channels: list[Any] = []
        self._server = Server()

    def run(self, workers: int = 12) -> None:
        """Until the time is over; `faults` says what was wrong."""
        loops = [threading.Thread(target=self.loop.run), threading.Thread(target=self._watch)]
        threads = [threading.Thread(target=self._guarded, args=(seed,)) for seed in range(workers)]
        threads.append(threading.Thread(target=self._meddle))
        for thread in [*loops, *threads]:
            thread.start()
        for thread in threads:
            thread.join()
        self._server.close()
        self._channels.clear()
        gc.collect()
        if self.loop.open:
            self.faults.append(f"{self.loop.open} channels were never dropped")
        self.loop.stop()
        for thread in loops:
            thread.join(10)
            if thread.is_alive():
                self.faults.append("the loop does not stop")

    def _guarded(self, seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311
        try:
            while time.monotonic() < self._end_s:
                self._one(chance)
        except BaseException as error:
            self.faults.append(repr(error))
            raise

    def _one(self, chance: random.Random) -> None:
        sock = socket.create_connection(("127.0.0.1", self._server.port))
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        channel = self._module.Channel(self.loop, sock, True)
        self._channels.append(channel)
        if chance.random() < 0.5:
            channel.begin(b"003b")
        if chance.random() < 0.3:
            channel.watch(chance.randrange(1000))
        sock.send(b"hello\r\n\r")
        got, ended = self._read(channel, time.monotonic() + chance.choice([0.002, 0.02, 5]), chance)
        self.counts["left" if not ended else "broken" if channel.error else "whole"] += 1
        self._check(got)
        if chance.random() < 0.8:
            channel.drop()
            sock.close()
            if chance.random() < 0.5:
                channel.drop()
        if len(self._channels) > 64:
            self._channels.clear()

    def _read(self, channel: Any, until_s: float, chance: random.Random) -> tuple[bytes, bool]:
        got, last_ns = [], 0
        while time.monotonic() < until_s:
            reads = channel.take()
            for at_ns, data in reads:
                if at_ns < last_ns - STEP_BACK_NS:
                    self.faults.append(f"a stamp went back by {last_ns - at_ns} ns")
                last_ns = max(last_ns, at_ns)
                if not data:
                    return b"".join(got), True
                got.append(data)
            if not reads:
                channel.wait(0.01)
            elif chance.random() < 0.2:
                self._wait_at_the_gate(channel)
        return b"".join(got), False

    def _wait_at_the_gate(self, channel: Any) -> None:
        with self._gate:
            self._alone()
            channel.wait(0.001, self._gate)
            self._alone()

    def _alone(self) -> None:
        """With the gate held: nobody else is inside."""
        self._inside += 1
        if self._inside != 1:
            self.faults.append("two have passed the gate")
        time.sleep(0)
        self._inside -= 1

    def _check(self, got: bytes) -> None:
        body, _, flood = got.partition(b"z")
        for number in range(len(body) // PIECE):
            if body[PIECE * number : PIECE * (number + 1)] != piece(number):
                self.faults.append(f"piece {number} is not what was sent")
        if flood.strip(b"z"):
            self.faults.append("a flood is not what was sent")

    def _meddle(self) -> None:
        while time.monotonic() < self._end_s:
            for channel in list(self._channels):
                channel.wake()
                channel.eager = channel.queued % 2 == 0
            if sum(self.loop.waits) > self.loop.reads:
                self.faults.append("more waits than reads")
            self.loop.take_longest_wait_us()
            gc.collect(0)
            time.sleep(0.001)

    def _watch(self) -> None:
        while numbers := self.loop.next_news():
            self._gate.enter_pump()
            self._alone()
            self._gate.leave()
            self.counts["watched"] += len(numbers)


WARNINGS = ("-Wall", "-Wextra", "-Wno-cast-function-type", "-Werror")


def sanitized(seconds: float) -> int:
    """The stress under each sanitizer, in processes of their own; 0 when all is well."""
    worst = 0
    for sanitizer, (library, environment) in SANITIZERS.items():
        with tempfile.TemporaryDirectory() as name:
            flags = ["-g", "-O1", "-fno-omit-frame-pointer", f"-fsanitize={sanitizer}", *WARNINGS]
            path = build_reader(ROOT, Path(name), flags)
            if path is None:
                print("gcc is missing, or cannot build it", file=sys.stderr)
                return 1
            found = subprocess.run(["gcc", f"-print-file-name={library}"], check=True, capture_output=True, text=True)  # noqa: S603, S607
            command = [sys.executable, __file__, "--module", str(path), "--seconds", str(seconds)]
            print(f"-fsanitize={sanitizer}", flush=True)
            surroundings = {**os.environ, **environment, "LD_PRELOAD": found.stdout.strip()}
            worst = max(worst, abs(subprocess.run(command, env=surroundings, check=False).returncode))  # noqa: S603
    return worst


def main() -> int:
    """Runs and prints; 1 when something was wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10.0, help="of each run")
    parser.add_argument("--module", type=Path, help="the compiled module to work; without it that of the package")
    parser.add_argument("--sanitize", action="store_true", help="build it with sanitizers and run under them")
    asked = parser.parse_args()
    if asked.sanitize:
        return sanitized(asked.seconds)
    path = asked.module or (ROOT / READER).with_name(f"_reader{SUFFIX}")
    stress = Stress(loaded(path), asked.seconds)
    stress.run()
    print(f"{stress.counts}, {stress.loop.reads} reads", *stress.faults[:20], sep="\n")
    return 1 if stress.faults else 0


if __name__ == "__main__":
    sys.exit(main())
