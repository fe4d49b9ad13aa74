#!/bin/sh
# nginx 1.22 passes a chunked stream on one by one over plain http, but over TLS (HTTP/1.1) the same location holds it back
# until 16 KiB are together, the head of the response included.
. "$(dirname "$0")/common.sh"
debian nginx-common 1.22.1-9+deb12u11
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -keyout "$FOLDER/key.pem" -out "$FOLDER/crt.pem" 2>/dev/null
python3 - <<'PYTHON'
import os, time
from common import HEAD, LAST, ask, chunk, event, free_port, running, seen, serve, written

def answer(send, _connection):
    send(HEAD)
    for number in range(300):
        send(chunk(event(number)))
        time.sleep(0.01)
    send(LAST)

folder, plain, secure = os.environ["FOLDER"], free_port(), free_port()
kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
config = written("nginx.conf", f"""daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{ }}
http {{
    {" ".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)}
    access_log off;
    ssl_certificate {folder}/crt.pem; ssl_certificate_key {folder}/key.pem;
    server {{
        listen 127.0.0.1:{plain};
        listen 127.0.0.1:{secure} ssl;
        location / {{ proxy_pass http://127.0.0.1:{serve(answer)}; proxy_http_version 1.1; }}
    }}
}}
""")
with running(["/usr/sbin/nginx", "-p", folder, "-c", config], plain):
    by_port = {port: ask(port, tls=port == secure)[0] for port in (plain, secure)}
def groups(reads):
    times = [at for at, _ in reads]
    return 1 + sum(b - a > 0.1 for a, b in zip(times, times[1:]))
head = {port: reads[0][0] for port, reads in by_port.items()}
seen(f"plain: {len(by_port[plain])} reads, head after {head[plain]:.2f} s; "
     f"TLS: {groups(by_port[secure])} groups, head after {head[secure]:.2f} s",
     len(by_port[plain]) > 200 and head[plain] < 0.4 and groups(by_port[secure]) <= 5 and head[secure] > 0.6)
PYTHON
