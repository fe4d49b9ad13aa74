#!/bin/sh
# lighttpd 1.4.69 with mod_proxy collects an answer before it sends it. When its server breaks off (here: resets the
# connection in mid-answer), the client gets status 200 with a Content-Length that fits what had come.
. "$(dirname "$0")/common.sh"
debian lighttpd 1.4.69-1
python3 - <<'PYTHON'
import os, re, time
from common import HEAD, ask, chunk, event, free_port, received, reset, running, seen, serve, written

def answer(send, connection):
    send(HEAD)
    for number in range(50):
        send(chunk(event(number)))
        time.sleep(0.01)
    time.sleep(0.1)
    reset(connection)

port, folder = free_port(), os.environ["FOLDER"]
config = written("lighttpd.conf", f"""server.modules = ( "mod_proxy" )
server.document-root = "{folder}"
server.upload-dirs = ( "{folder}" )
server.bind = "127.0.0.1"
server.port = {port}
proxy.server = ( "" => (( "host" => "127.0.0.1", "port" => {serve(answer)} )) )
""")
with running(["lighttpd", "-D", "-f", config], port):
    reads, _end = ask(port, silence_s=3)
head, _, body = received(reads).partition(b"\r\n\r\n")
told = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
seen(f"{head.split(chr(13).encode())[0].decode()}, Content-Length {told}, body {len(body)} bytes, {body.count(b'data:')} of the events that were meant to come",
     head.startswith(b"HTTP/1.1 200") and told == len(body) and body.count(b"data:") == 50)
PYTHON
