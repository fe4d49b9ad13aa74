#!/bin/sh
# haproxy 2.6 passes a chunked stream on in groups, 200 ms apart, over plain http, unless `option http-no-delay` is set: events
# that the server writes one by one every 20 ms arrive about ten at a time.
. "$(dirname "$0")/common.sh"
debian haproxy 2.6.12-1+deb12u4
python3 - <<'PYTHON'
import statistics, time
from common import HEAD, LAST, ask, chunk, event, free_port, running, seen, serve, written

def answer(send, _connection):
    send(HEAD)
    for number in range(100):
        send(chunk(event(number)))
        time.sleep(0.02)
    send(LAST)

def gap_ms(option):
    port = free_port()
    config = written("haproxy.cfg", f"""defaults
    mode http
    timeout connect 5s
    timeout client 50s
    timeout server 50s
frontend a
    bind 127.0.0.1:{port}
    {option}
    default_backend b
backend b
    server s 127.0.0.1:{serve(answer)}
""")
    with running(["haproxy", "-db", "-f", config], port):
        reads, end = ask(port)
    assert end == "last chunk"
    times = [at for at, data in reads if b"data:" in data]
    return statistics.median(b - a for a, b in zip(times, times[1:])) * 1000, len(times)

held, groups = gap_ms("")
free, reads = gap_ms("option http-no-delay")
seen(f"{groups} reads {held:.0f} ms apart; with http-no-delay {reads} reads {free:.0f} ms apart",
     held > 100 and groups < 25 and free < 60 and reads > 60)
PYTHON
