"""A worker that measures nothing: it says what the label of its job tells it to.

python fake_worker.py        {"job": {"label": "events 3"}, ...} on standard input
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time


def tell(event: str, **data: object) -> None:
    sys.stdout.write(json.dumps({"event": event, **data}) + "\n")
    sys.stdout.flush()


def main() -> int:
    order = json.loads(sys.stdin.readline())
    if "check" in order["job"]:
        tell("refused", text="no " + order["environ"].get("A_KEY", ""))
        return 0
    cancelled = threading.Event()

    def hear() -> None:
        for line in sys.stdin:
            if line.strip() == "cancel":
                cancelled.set()
        os._exit(130)

    threading.Thread(target=hear, daemon=True).start()
    word, _, argument = order["job"]["label"].partition(" ")
    tell("plan", result_id="bench_1", total=9, cells_measured=2, pid=os.getpid())
    if word == "events":
        for number in range(int(argument)):
            tell("run", cell=0, number=number)
    elif word == "secret":
        tell("warning", text=f"the server said: Bearer {order['environ']['A_KEY']}")
        print("not an event")
        sys.stderr.write(f"Traceback\nKeyError: {order['environ']['A_KEY']}\n")
        return 3
    elif word == "die":
        tell("cell", cell=0, document={"state": "done"})
        os.kill(os.getpid(), 9)
    elif word == "wait":
        tell("cell", cell=0, document={"state": "done"})
        while not cancelled.is_set():
            tell("tick", at=time.time())
            cancelled.wait(0.02)
        tell("end", state="cancelled", result_id="bench_1", status=130)
        return 0
    elif word == "fail":
        tell("end", state="failed", error="--threads: no", status=2)
        return 0
    tell("end", state="done", result_id="bench_1", status=0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
