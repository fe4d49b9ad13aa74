#!/bin/sh
# hono 4.13 streamSSE under @hono/node-server: when the callback raises in mid-answer, the client gets a clean end of the
# body and no error event; the error stands on the server's console alone.
. "$(dirname "$0")/common.sh"
npm_install hono@4.13.19 @hono/node-server@2.1.9
python3 - <<'PYTHON'
from common import ask, free_port, received, running, seen, written

app = written("app.mjs", '''
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { streamSSE } from "hono/streaming";
const app = new Hono();
app.post("/", (context) => streamSSE(context, async (stream) => {
  for (let number = 0; number < 5; number += 1) await stream.writeSSE({ data: "x" });
  throw new Error("in mid-answer");
}));
serve({ fetch: app.fetch, hostname: "127.0.0.1", port: Number(process.argv[2]) });
''')
port = free_port()
with running(["node", app, str(port)], port):
    reads, end = ask(port)
seen(f"{received(reads).count(b'data:')} events, then: {end}; the word error came: {b'error' in received(reads).lower()}",
     received(reads).count(b"data:") == 5 and end == "last chunk" and b"error" not in received(reads).lower())
PYTHON
