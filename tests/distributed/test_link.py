"""What a worker takes from whoever sits at its master's place: nothing but our own messages and Locust's greetings."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module

import pytest

from fleets import NEEDS_LOCUST, TOKEN
from sse_perf_tool.distributed.sealing import MASTER, Seal, key_of

pytestmark = NEEDS_LOCUST

WORKER_END = """
import json, sys, time
from sse_perf_tool.distributed.link import WorkerLink
got = []
link = WorkerLink("127.0.0.1", int(sys.argv[1]), sys.argv[2], lambda kind, body: got.append([kind, body]))
assert link.open(10)
link.send("here")
while not got:
    time.sleep(0.02)
runner = link._runner
print(json.dumps([got, runner.worker_state, runner.user_count, len(runner.greenlet) > 0, link.refused]), flush=True)
link.close()
"""

LOCUSTS_OWN = ("spawn", "stop", "quit", "update_user_class", "locustfile", "spawning_complete", "exception")


def test_what_locust_could_be_told_is_not_taken_even_with_the_token() -> None:
    """A master of our own, which knows the token, and which says what a master of Locust may say."""
    zmq, msgpack = import_module("zmq"), import_module("msgpack")
    seal = Seal(key_of(TOKEN), MASTER)
    with zmq.Context() as context, context.socket(zmq.ROUTER) as master:
        port = master.bind_to_random_port("tcp://127.0.0.1")
        command = [sys.executable, "-c", WORKER_END, str(port), TOKEN]
        worker = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            kind = ""
            while kind != "sse-perf":
                assert master.poll(20_000)
                name, sealed = master.recv_multipart()
                assert b"client_ready" not in sealed
                kind, body, node = msgpack.loads(seal.open(sealed))
                if kind == "client_ready":
                    said = seal.close(msgpack.dumps(("ack", {"index": 0}, node)))
                    master.send_multipart([name, said])
            assert body == {"kind": "here"}
            evil = [(each, {"timestamp": 1e12, "host": "x", "user_classes_count": {}}, node) for each in LOCUSTS_OWN]
            ours = [("sse-perf", {"kind": "other"}, "somebody-else"), ("sse-perf", {"kind": "last", "number": 7}, node)]
            for each in (*evil, *ours):
                master.send_multipart([name, seal.close(msgpack.dumps(each))])
                master.send_multipart([name, msgpack.dumps(each)])  # not sealed
            out, err = worker.communicate(timeout=20)
        finally:
            worker.kill()
            worker.communicate()
    assert "Traceback" not in err
    got, state, users, alive, refused = json.loads(out)
    assert got == [["last", {"number": 7}]]
    assert (state, users) == ("ready", 0), "no load of Locust's own was begun"
    assert alive, "nor was it ended"
    assert refused >= len(evil) + 1
    assert "Traceback" not in err


def test_an_ordinary_run_loads_nothing_of_it() -> None:
    """The package is opened by its commands alone."""
    code = "import sys; import sse_perf_tool.commands.run; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & {"locust", "gevent", "zmq", "msgpack", "cryptography"}
    assert not [name for name in done.stdout.split() if "distributed" in name]


@pytest.mark.parametrize("words", [["--workers", "2"], ["--expect-workers", "2"]])
def test_without_the_extra_one_line_says_what_to_install(words: list[str]) -> None:
    code = (
        "import sys; sys.modules['cryptography.fernet'] = None; from sse_perf_tool.cli import main; "
        "sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", code, "--url", "http://127.0.0.1:9/x", "--api-key", "-", "--lang", "en", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.strip().endswith(
        f"{words[0]}: needs two more packages; install them with: pip install 'sse-perf-tool[distributed]'"
    )
