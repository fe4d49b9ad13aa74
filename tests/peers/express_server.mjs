// A chat endpoint of express behind its compression middleware, which does not send what it has compressed before it
// is told to.
//
//     node express_server.mjs PORT

import compression from "compression";
import express from "express";
import { setTimeout as pause } from "node:timers/promises";

const app = express();
app.use(compression());
app.post("/v1/chat/completions", async (request, response) => {
  response.setHeader("Content-Type", "text/event-stream");
  const choice = (delta, finish_reason = null) =>
    response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason }] })}\n\n`);
  for (let sent = 0; sent < 20; sent += 1) {
    await pause(50);
    choice({ content: `word${sent} ` });
  }
  choice({}, "stop");
  response.write("data: [DONE]\n\n");
  response.end();
});
app.listen(Number(process.argv[2]), "127.0.0.1");
