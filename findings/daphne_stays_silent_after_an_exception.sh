#!/bin/sh
# daphne 4.2: when the application raises in mid-answer, the connection stays open and nothing more comes, where other
# ASGI servers close it. A client learns of it by its own time limit only.
. "$(dirname "$0")/common.sh"
pypi daphne==4.2.3 uvicorn==0.54.0
python3 - <<'PYTHON'
import os
from common import ask, free_port, received, running, seen, written

written("app.py", '''
async def app(scope, receive, send):
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
    for number in range(5):
        await send({"type": "http.response.body", "body": b"data: x\\n\\n", "more_body": True})
    raise RuntimeError("in mid-answer")
''')
def through(name, *flags):
    port = free_port()
    with running([os.environ["FOLDER"] + "/venv/bin/" + name, *flags, str(port), "app:app"], port):
        reads, end = ask(port, silence_s=8)
    return received(reads).count(b"data:"), end

uvicorn, daphne = through("uvicorn", "--port"), through("daphne", "-b", "127.0.0.1", "-p")
seen(f"uvicorn: {uvicorn}; daphne: {daphne} for 8 s", uvicorn[1] == "closed" and daphne == (5, "silent"))
PYTHON
