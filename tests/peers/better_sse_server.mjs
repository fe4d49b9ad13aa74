// An OpenAI-like chat endpoint on better-sse under express, with what that library puts on the wire: a `retry:` block
// first, comments as keep-alive, an `id:` and an `event:` line per event, no space after the colon, data in JSON quotes.
//
//     node better_sse_server.mjs PORT FIRST_TOKEN_MS GAP_MS CHUNKS

import { createSession } from "better-sse";
import express from "express";
import { setTimeout as pause } from "node:timers/promises";

const [port, firstTokenMs, gapMs, chunks] = process.argv.slice(2).map(Number);
const usage = { prompt_tokens: 7, completion_tokens: 2 * chunks, total_tokens: 7 + 2 * chunks };

const app = express();
app.use(express.json());
app.post("/v1/chat/completions", async (request, response) => {
  const session = await createSession(request, response, { retry: 2000, keepAlive: 20 });
  const chunk = (delta, finish_reason = null) =>
    session.push({ id: "chat-1", choices: [{ index: 0, delta, finish_reason }] });
  chunk({ role: "assistant", content: "" });
  await pause(firstTokenMs);
  for (let sent = 0; sent < chunks; sent += 1) {
    if (sent > 0) await pause(gapMs);
    chunk({ content: sent % 2 ? "go on " : "好" });
  }
  chunk({}, "stop");
  if (request.body.stream_options?.include_usage) session.push({ id: "chat-1", choices: [], usage });
  session.push("[DONE]");
  response.end();
});
app.listen(port, "127.0.0.1");
