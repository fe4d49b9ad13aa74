"""A small streaming server for asyncio and uvloop with one fault planted by the variable FAULT.

`python asgi_app.py PORT LOOP`, or `gunicorn -k uvicorn_worker.UvicornWorker asgi_app:app`.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
import time
from collections.abc import AsyncIterator

import uvicorn
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

FAULT = os.environ.get("FAULT", "")
UPSTREAM = int(os.environ.get("UPSTREAM", "0"))
app = FastAPI()
kept: list[bytes] = []
pool = asyncio.Semaphore(2)


def burn() -> int:
    number, end_s = 0, time.thread_time() + 0.03  # of the CPU: a loop costs no less where others take it away
    while time.thread_time() < end_s:
        number += random.randrange(10)
    return number


def block() -> None:
    time.sleep(0.08)


def remember() -> None:
    kept.append(os.urandom(200_000))


async def use_pool() -> None:
    async with pool:
        await asyncio.sleep(0.2)


async def ask_upstream() -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", UPSTREAM)
    writer.write(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    await reader.read()
    writer.close()


async def fault() -> None:
    if FAULT == "cpu":
        burn()
    elif FAULT == "block":
        block()
    elif FAULT == "leak":
        remember()
    elif FAULT == "pool":
        await use_pool()
    elif FAULT == "upstream":
        await ask_upstream()


async def answer() -> AsyncIterator[str]:
    await fault()
    for _ in range(5):
        await asyncio.sleep(0.01)
        yield "data: " + json.dumps({"choices": [{"delta": {"content": "tok "}}]}) + "\n\n"
    yield 'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


@app.post("/v1/chat/completions")
async def chat() -> StreamingResponse:
    return StreamingResponse(answer(), media_type="text/event-stream")


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), loop=sys.argv[2], log_level="warning")
