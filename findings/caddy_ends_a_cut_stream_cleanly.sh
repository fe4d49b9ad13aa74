#!/bin/sh
# caddy 2.6 as a reverse proxy ends a chunked answer with the last chunk, and keeps the connection, when its server has
# closed without one: the client cannot tell that half of the answer is missing.
. "$(dirname "$0")/common.sh"
debian caddy 2.6.2-5
python3 - <<'PYTHON'
import os, time
from common import HEAD, ask, chunk, event, free_port, received, running, seen, serve, written

def answer(send, _connection):
    send(HEAD)
    for number in range(50):
        send(chunk(event(number)))
        time.sleep(0.01)

port, folder = free_port(), os.environ["FOLDER"]
config = written("Caddyfile", f"""{{
    admin off
    auto_https off
}}
http://127.0.0.1:{port} {{
    bind 127.0.0.1
    reverse_proxy 127.0.0.1:{serve(answer)}
}}
""")
with running(["caddy", "run", "--adapter", "caddyfile", "--config", config], port, XDG_DATA_HOME=folder, XDG_CONFIG_HOME=folder):
    reads, end = ask(port)
seen(f"{received(reads).count(b'data:')} events, then: {end}", received(reads).count(b"data:") == 50 and end == "last chunk")
PYTHON
