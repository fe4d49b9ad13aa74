#!/bin/sh
# The LiteLLM proxy 1.108 ends an answer that its server has broken off (a clean end of the body after ten words, without
# finish reason, usage and [DONE]) with a finish reason "stop", [DONE], and a usage that nobody has sent.
. "$(dirname "$0")/common.sh"
pypi "litellm[proxy]==1.108.0"
python3 - <<'PYTHON'
import json, os, re, secrets
from common import HEAD, LAST, ask, chunk, free_port, received, running, seen, serve, written

def answer(send, _connection):
    send(HEAD)
    for number in range(10):
        document = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
                    "choices": [{"index": 0, "delta": {"content": f"word{number} "}, "finish_reason": None}]}
        send(chunk(b"data: " + json.dumps(document).encode() + b"\n\n"))
    send(LAST)

port = free_port()
config = written("config.yaml", f"""model_list:
  - model_name: m
    litellm_params:
      model: hosted_vllm/m
      api_base: http://127.0.0.1:{serve(answer)}/v1
      api_key: none
litellm_settings:
  num_retries: 0
  telemetry: false
""")
command = [os.environ["FOLDER"] + "/venv/bin/litellm", "--config", config, "--host", "127.0.0.1", "--port", str(port)]
body = {"model": "m", "stream": True, "stream_options": {"include_usage": True}, "messages": [{"role": "user", "content": "hi"}]}
key = "sk-" + secrets.token_hex(32)
with running(command, port, LITELLM_MASTER_KEY=key):
    reads, end = ask(port, "/v1/chat/completions", [f"Authorization: Bearer {key}"], body=json.dumps(body).encode(), silence_s=30)
text = received(reads).decode()
usage = re.search(r'"completion_tokens":\s*(\d+)', text)
stop, done = '"stop"' in text, "[DONE]" in text
seen(f"{text.count('word')} words, finish reason stop: {stop}, [DONE]: {done}, completion_tokens: {usage and usage[1]}",
     text.count("word") == 10 and stop and done and usage is not None)
PYTHON
