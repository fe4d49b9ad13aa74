#!/bin/sh
# Varnish 7.1 and a chunked answer with a trailer (RFC 9112, 7.1.2; some servers put the usage there): the client gets the
# events, but never the last chunk; the connection is closed instead.
. "$(dirname "$0")/common.sh"
debian varnish 7.1.1-2+deb12u1
python3 - <<'PYTHON'
import os, time
from common import HEAD, LAST, ask, chunk, event, free_port, received, running, seen, serve

def answering(end):
    def answer(send, _connection):
        send(HEAD)
        for number in range(5):
            send(chunk(event(number)))
            time.sleep(0.02)
        send(end)
        time.sleep(1)
    return answer

def through(end):
    port, folder = free_port(), os.environ["FOLDER"]
    command = ["/usr/sbin/varnishd", "-F", "-n", f"{folder}/v{port}", "-a", f"127.0.0.1:{port}",
               "-b", f"127.0.0.1:{serve(answering(end))}", "-s", "malloc,10m"]
    with running(command, port):
        return ask(port)

plain, plain_end = through(LAST)
reads, end = through(b"0\r\nX-Usage: tokens=100\r\n\r\n")
seen(f"without a trailer: {plain_end}; with one: {received(reads).count(b'data:')} events, then: {end}",
     plain_end == "last chunk" and end == "closed")
PYTHON
