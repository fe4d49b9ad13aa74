#!/bin/sh
# The AI SDK (npm ai 7.0): a model that fails in mid-answer is an event {"type":"error"} in the UI message stream, and the
# stream then goes on to finish reason "stop" and [DONE], as one that is whole.
. "$(dirname "$0")/common.sh"
npm_install ai@7.0.173
python3 - <<'PYTHON'
import os, subprocess
from common import seen, written

app = written("app.mjs", '''
import { streamText, simulateReadableStream } from "ai";
import { MockLanguageModelV4 } from "ai/test";
const usage = { inputTokens: { total: 1 }, outputTokens: { total: 1 } };
const model = new MockLanguageModelV4({ doStream: async () => ({ stream: simulateReadableStream({ chunks: [
  { type: "stream-start", warnings: [] },
  { type: "text-start", id: "1" }, { type: "text-delta", id: "1", delta: "Hello" },
  { type: "error", error: new Error("in mid-answer") },
  { type: "text-delta", id: "1", delta: " world" }, { type: "text-end", id: "1" },
  { type: "finish", finishReason: { unified: "stop", raw: "stop" }, usage },
] }) }) });
const result = streamText({ model, prompt: "hi", onError() {} });
console.log(await result.toUIMessageStreamResponse().text());
''')
done = subprocess.run(["node", app], cwd=os.environ["FOLDER"], capture_output=True, text=True, timeout=60)
text = done.stdout
assert text, done.stderr
kinds = [line.split('"')[3] for line in text.splitlines() if line.startswith('data: {"type"')]
finish = [line for line in text.splitlines() if '"finish"' in line]
seen(f"{' '.join(kinds)}; {finish[0] if finish else 'no finish'}; [DONE]: {'[DONE]' in text}",
     "error" in kinds and kinds.index("error") < kinds.index("finish") and '"stop"' in finish[0] and "[DONE]" in text)
PYTHON
