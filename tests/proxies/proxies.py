"""Reverse proxies as child processes, each in a folder of its own, on 127.0.0.1 and with as few lines as it needs."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple


class Ways(NamedTuple):
    """What a configuration is made of."""

    folder: Path
    port: int
    upstream: int
    pem: Path


class Proxy(NamedTuple):
    """A program, how it is started with a configuration in a file, and how it says its version."""

    program: str
    start: Callable[[str, Path], list[str]]
    version: tuple[str, ...]


PROXIES = {
    "nginx": Proxy("nginx", lambda binary, file: [binary, "-p", str(file.parent), "-c", str(file)], ("-v",)),
    "haproxy": Proxy("haproxy", lambda binary, file: [binary, "-db", "-f", str(file)], ("-v",)),
    "caddy": Proxy(
        "caddy", lambda binary, file: [binary, "run", "--adapter", "caddyfile", "--config", str(file)], ("version",)
    ),
    "lighttpd": Proxy("lighttpd", lambda binary, file: [binary, "-D", "-f", str(file)], ("-v",)),
}


def nginx(ways: Ways, *lines: str, tls: bool = False) -> str:
    """Debian's defaults where they matter: proxy_buffering on, no gzip of event streams."""
    folder, location = ways.folder, "\n".join(f"            {line}" for line in lines)
    temp = "".join(
        f"    {kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    secure = f"ssl; ssl_certificate {ways.pem}; ssl_certificate_key {ways.pem}" if tls else ""
    return f"""daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{ }}
http {{
{temp}    access_log off;
    server {{
        listen 127.0.0.1:{ways.port} {secure};
        location / {{
            proxy_pass http://127.0.0.1:{ways.upstream};
{location}
        }}
    }}
}}
"""


def haproxy(ways: Ways, *lines: str, tls: bool = False) -> str:
    """The time limits of Debian's file."""
    secure = f"ssl crt {ways.pem}" if tls else ""
    front = "\n".join(f"    {line}" for line in lines)
    return f"""defaults
    mode http
    timeout connect 5s
    timeout client 50s
    timeout server 50s
frontend front
    bind 127.0.0.1:{ways.port} {secure}
{front}
    default_backend back
backend back
    server upstream 127.0.0.1:{ways.upstream}
"""


def caddy(ways: Ways, *lines: str, tls: bool = False) -> str:
    """Nothing but the proxy; its state stays in the folder."""
    site = "\n".join(f"    {line}" for line in lines)
    secure = f"tls {ways.pem} {ways.pem}" if tls else ""
    return f"""{{
    admin off
    auto_https off
    storage file_system {ways.folder}/caddy
}}
{"https" if tls else "http"}://127.0.0.1:{ways.port} {{
    bind 127.0.0.1
    {secure}
    reverse_proxy 127.0.0.1:{ways.upstream}
{site}
}}
"""


def lighttpd(ways: Ways, *lines: str) -> str:
    """mod_proxy alone."""
    rest = "\n".join(lines)
    return f"""server.modules = ( "mod_proxy" )
server.document-root = "{ways.folder}"
server.upload-dirs = ( "{ways.folder}" )
server.errorlog = "{ways.folder}/error.log"
server.bind = "127.0.0.1"
server.port = {ways.port}
proxy.server = ( "" => (( "host" => "127.0.0.1", "port" => {ways.upstream} )) )
{rest}
"""


def binary_of(name: str) -> str | None:
    """Where a proxy is installed, also where only root's PATH looks; None: nowhere."""
    path = os.environ.get("PATH", os.defpath) + os.pathsep + "/usr/sbin" + os.pathsep + "/usr/local/sbin"
    return shutil.which(PROXIES[name].program, path=path)


def version_of(name: str) -> str:
    """The first line of what a proxy says of itself."""
    command = [str(binary_of(name)), *PROXIES[name].version]
    done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    return (done.stdout or done.stderr).splitlines()[0]


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextlib.contextmanager
def proxying(name: str, config: Callable[[Ways], str], upstream: int, pem: Path, folder: Path) -> Iterator[int]:
    """Runs a proxy in front of `upstream` until the end of the block, and gives its port."""
    ways = Ways(folder, free_port(), upstream, pem)
    file = folder / "proxy.conf"
    file.write_text(config(ways), encoding="utf-8")
    command = PROXIES[name].start(str(binary_of(name)), file)
    environ = {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with (folder / "output.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=environ, stdout=log, stderr=log)
        try:
            _await_port(process, ways.port, folder / "output.log")
            yield ways.port
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _await_port(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + 15
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        assert process.poll() is None, log.read_text(errors="replace")
        assert time.monotonic() < deadline, "the proxy does not come up"
        time.sleep(0.05)
