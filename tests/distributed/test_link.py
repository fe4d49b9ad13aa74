"""What a worker takes from whoever sits at its master's place: nothing but our own messages and Locust's greetings."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module

import pytest

from fleets import NEEDS_LOCUST, TOKEN, needs_ipv6
from patience import FOREVER_S
from sse_perf_tool.distributed.sealing import LONGEST_BYTES, MASTER, WORKER, Seal, key_of

pytestmark = NEEDS_LOCUST

WORKER_END = """
import json, sys, time
from sse_perf_tool.distributed.link import WorkerLink
got = []
link = WorkerLink("127.0.0.1", int(sys.argv[1]), sys.argv[2], lambda kind, body: got.append([kind, body]))
assert link.open(60)
link.send("here")
while not got:
    time.sleep(0.02)
runner = link._runner
alive = len(runner.greenlet) > 0
print(json.dumps([got, runner.worker_state, runner.user_count, alive, link.refused, link.too_long]), flush=True)
link.close()
"""

BOTH_ENDS = """
import json, socket, sys, time
from sse_perf_tool.distributed.last_words import LastWords
from sse_perf_tool.distributed.link import MasterLink, WorkerLink

bind, join, token = sys.argv[1:]
real = socket.getaddrinfo
names = {"both": ["::1", "127.0.0.1"]}
socket.getaddrinfo = lambda host, *rest, **more: [
    found for each in names.get(host, [host]) for found in real(each, *rest, **more)]
got = []
if not join:
    master = MasterLink(bind, 0, token, lambda link, kind, body: got.append(kind))
    assert master.open(60)
    print(master.port, flush=True)
    while "words" not in got:
        time.sleep(0.02)
    print(json.dumps([got, master.refused]), flush=True)
    master.close()
else:
    worker = WorkerLink(join, int(bind), token, lambda kind, body: None)
    assert worker.open(60)
    worker.send("here")
    LastWords(worker.address, int(bind), token, worker.name, "s")(0, ["result"])
    worker.close()
"""
"""One process cannot be both ends: the seal of Locust's messages is that of the process."""


def begun(code: str, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize(
    ("bind", "join"),
    [
        ("127.0.0.1", "both"),
        pytest.param("::1", "::1", marks=needs_ipv6),
        pytest.param("::1", "both", marks=needs_ipv6),
        pytest.param("both", "::1", marks=needs_ipv6),
        pytest.param("::", "127.0.0.1", marks=needs_ipv6),
    ],
)
def test_master_and_worker_meet_over_ipv4_and_ipv6(bind: str, join: str) -> None:
    """The last words of a worker's process go the same way.  Locust's own words about addresses stay away."""
    master = begun(BOTH_ENDS, bind, "", TOKEN)
    try:
        assert master.stdout is not None
        worker = begun(BOTH_ENDS, master.stdout.readline().strip(), join, TOKEN)
        told = worker.communicate(timeout=FOREVER_S)
        out, err = master.communicate(timeout=FOREVER_S)
    finally:
        master.kill()
        master.communicate()
    assert told == ("", "")
    assert (json.loads(out), err) == ([["here", "words"], 0], "")


LISTENING = """
import json, sys, time
from sse_perf_tool.distributed.link import CUT_BYTES, MasterLink
from sse_perf_tool.distributed.sealing import LONGEST_BYTES
got = []
master = MasterLink("127.0.0.1", 0, sys.argv[1], lambda link, kind, body: got.append(kind))
assert master.open(60)
print(master.port, LONGEST_BYTES, CUT_BYTES, flush=True)
while not got:
    time.sleep(0.02)
print(json.dumps([got, master.refused, master.too_long]), flush=True)
master.close()
"""


def test_a_message_that_is_too_long_is_not_opened_and_one_that_is_far_longer_not_even_taken() -> None:
    """They are sealed with the right token, so nothing but their length is against them."""
    zmq, msgpack = import_module("zmq"), import_module("msgpack")
    monitoring = import_module("zmq.utils.monitor")
    seal, master = Seal(key_of(TOKEN), WORKER), begun(LISTENING, TOKEN)
    try:
        assert master.stdout is not None
        port, longest, cut = map(int, master.stdout.readline().split())
        with zmq.Context() as context, context.socket(zmq.DEALER) as line:
            line.setsockopt(zmq.RECONNECT_IVL, -1)
            line.setsockopt(zmq.LINGER, 0)
            line.setsockopt(zmq.IDENTITY, b"stranger")
            line.connect(f"tcp://127.0.0.1:{port}")
            ours = ("sse-perf", {"kind": "ours"}, "worker")
            line.send(seal.close(msgpack.dumps((*ours[:2], "x" * longest))))
            events = line.get_monitor_socket(zmq.EVENT_DISCONNECTED)
            assert not events.poll(500), "it is still heard"
            line.send(bytes(cut + 1))
            assert events.poll(round(FOREVER_S * 1000)), "now it is not"
            assert monitoring.recv_monitor_message(events)["event"] == zmq.EVENT_DISCONNECTED
            line.disable_monitor()
            with context.socket(zmq.DEALER) as another:
                another.setsockopt(zmq.IDENTITY, b"worker")
                another.connect(f"tcp://127.0.0.1:{port}")
                another.send(seal.close(msgpack.dumps(("client_ready", "2.47.0", "worker"))))
                another.send(seal.close(msgpack.dumps(ours)))
                out, err = master.communicate(timeout=FOREVER_S)
    finally:
        master.kill()
        master.communicate()
    assert (json.loads(out), err) == ([["ours"], 1, 1], "")


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
                assert master.poll(round(FOREVER_S * 1000))
                name, sealed = master.recv_multipart()
                assert b"client_ready" not in sealed
                kind, body, node = msgpack.loads(seal.open(sealed))
                if kind == "client_ready":
                    said = seal.close(msgpack.dumps(("ack", {"index": 0}, node)))
                    master.send_multipart([name, said])
            assert body == {"kind": "here"}
            evil = [(each, {"timestamp": 1e12, "host": "x", "user_classes_count": {}}, node) for each in LOCUSTS_OWN]
            ours = [("sse-perf", {"kind": "other"}, "somebody-else")]
            for each in (*evil, *ours):
                master.send_multipart([name, seal.close(msgpack.dumps(each))])
                master.send_multipart([name, msgpack.dumps(each)])  # not sealed
            master.send_multipart([name, bytes(LONGEST_BYTES + 1)])
            master.send_multipart([name, seal.close(msgpack.dumps(("sse-perf", {"kind": "last", "number": 7}, node)))])
            out, err = worker.communicate(timeout=FOREVER_S)
        finally:
            worker.kill()
            worker.communicate()
    assert "Traceback" not in err
    got, state, users, alive, refused, too_long = json.loads(out)
    assert got == [["last", {"number": 7}]]
    assert (state, users) == ("ready", 0), "no load of Locust's own was begun"
    assert alive, "nor was it ended"
    assert (refused >= len(evil) + 1, too_long) == (True, 1)
    assert "Traceback" not in err


@pytest.mark.parametrize(("taken", "loaded"), [("WebUI", ""), ("what another version takes", "flask")])
def test_the_page_of_locust_is_not_loaded_unless_it_cannot_do_without(taken: str, loaded: str) -> None:
    code = (
        "import sys; from sse_perf_tool.distributed import link; link.OF_PAGE = sys.argv[1]\n"
        "found = link.MasterLink('127.0.0.1', 0, sys.argv[2], print); print(found.open(20)); found.close()\n"
        "print(*{'flask'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, taken, TOKEN], capture_output=True, text=True, check=True, timeout=FOREVER_S
    )
    assert (done.stdout, done.stderr) == (f"True\n{loaded}\n", "")


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
