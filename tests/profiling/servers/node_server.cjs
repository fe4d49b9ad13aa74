// The same for Node.js: `node node_server.cjs PORT [express]`.
"use strict";
const http = require("http");
const fault = process.env.FAULT || "";
const upstream = Number(process.env.UPSTREAM || 0);
const kept = [];
const pool = new http.Agent({ maxSockets: 2, keepAlive: true });
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// 30 ms of the CPU: a loop costs no less where others take it away.
function burn() {
  const before = process.cpuUsage();
  let number = 0;
  let used;
  do {
    for (let at = 0; at < 50000; at += 1) number += Math.random();
    used = process.cpuUsage(before);
  } while (used.user + used.system < 30000);
  return number;
}

function block() {
  const end = performance.now() + 80;
  while (performance.now() < end);
}

function remember() {
  const numbers = [];
  for (let at = 0; at < 25000; at += 1) numbers.push(Math.random());
  kept.push(numbers);
}

function ask(agent) {
  return new Promise((resolve, reject) => {
    http.get({ port: upstream, host: "127.0.0.1", path: "/", agent }, (answer) => { answer.resume(); answer.on("end", resolve); }).on("error", reject);
  });
}

async function usePool() {
  await ask(pool);
}

async function askUpstream() {
  await ask(undefined);
}

async function plant() {
  if (fault === "cpu") burn();
  else if (fault === "block") block();
  else if (fault === "leak") remember();
  else if (fault === "pool") await usePool();
  else if (fault === "upstream") await askUpstream();
}

async function chat(request, response) {
  request.resume();
  response.writeHead(200, { "Content-Type": "text/event-stream" });
  await plant();
  for (let at = 0; at < 5; at += 1) {
    await wait(10);
    response.write('data: {"choices":[{"delta":{"content":"tok "}}]}\n\n');
  }
  response.end('data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n');
}

if (process.argv[3] === "express") {
  const app = require("express")();
  app.post("/v1/chat/completions", chat);
  app.listen(Number(process.argv[2]), "127.0.0.1");
} else {
  http.createServer(chat).listen(Number(process.argv[2]), "127.0.0.1");
}
