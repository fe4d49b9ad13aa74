"""The same for Flask: `gunicorn -k gthread --threads 16 flask_app:app`."""

from __future__ import annotations

import http.client
import json
import os
import random
import threading
import time
from collections.abc import Iterator

from flask import Flask, Response

FAULT = os.environ.get("FAULT", "")
UPSTREAM = int(os.environ.get("UPSTREAM", "0"))
app = Flask(__name__)
kept: list[bytes] = []
pool = threading.Semaphore(2)


def burn() -> int:
    number, end_s = 0, time.thread_time() + 0.03  # of the CPU: a loop costs no less where others take it away
    while time.thread_time() < end_s:
        number += random.randrange(10)
    return number


def remember() -> None:
    kept.append(os.urandom(200_000))


def use_pool() -> None:
    with pool:
        time.sleep(0.2)


def ask_upstream() -> None:
    connection = http.client.HTTPConnection("127.0.0.1", UPSTREAM)
    connection.request("GET", "/")
    connection.getresponse().read()
    connection.close()


FAULTS = {"cpu": burn, "leak": remember, "pool": use_pool, "upstream": ask_upstream}


def answer() -> Iterator[str]:
    FAULTS.get(FAULT, lambda: None)()
    for _ in range(5):
        time.sleep(0.01)
        yield "data: " + json.dumps({"choices": [{"delta": {"content": "tok "}}]}) + "\n\n"
    yield 'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


@app.post("/v1/chat/completions")
def chat() -> Response:
    return Response(answer(), mimetype="text/event-stream")
