"""Runs the server: in the foreground, or in the background of a test."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .settings import Settings, variable

if TYPE_CHECKING:
    import uvicorn

KEEP_ALIVE_S = 75
"""Longer than the think time between two turns, so that a conversation keeps its connection (and its worker)."""
_STOP_AT_EOF = "CHAT_SERVER_STOP_AT_EOF"
"""Set in the environment of a background server: it stops when its stdin ends, so it never outlives its parent."""
_START_LINE = "chat server on "
_START_WITHIN_S = 30


TEXTS = {
    "en": {
        "taken": "cannot listen on {host} port {port}: {reason}; choose another --port or --host",
        "page": "test page; /docs, /health and /metrics beside it",
        "chat": "named events, conversations",
        "key": "API_KEYS is set: a key is needed",
        "no_key": "no key is needed",
        "try": "{keys}; try:",
        "stop": "Ctrl-C stops it.",
    },
    "zh": {
        "taken": "无法监听 {host} 端口 {port}：{reason}，请换一个 --port 或 --host",
        "page": "测试页；另有 /docs、/health、/metrics",
        "chat": "具名事件，支持会话",
        "key": "已设置 API_KEYS，需要密钥",
        "no_key": "无需密钥",
        "try": "{keys}；可以这样试：",
        "stop": "按 Ctrl-C 停止。",
    },
}


def serve(settings: Settings, tool: str, lang: str = "en") -> int:
    """Runs the server until SIGINT or SIGTERM, in the main thread.

    Prints where it listens and a command to try, that of `tool`.  Returns the exit status: 0 after a clean stop, 2 when
    the address cannot be listened on (one line on stderr says why).
    """
    import uvicorn

    from .app import create_app

    try:
        listener = _listen(settings)
    except OSError as error:
        reason = str(error.strerror or error).partition(" (")[0]  # what follows is the address once more
        said = {"host": settings.host, "port": settings.port, "reason": reason}
        print(TEXTS[lang]["taken"].format(**said), file=sys.stderr)
        return 2
    print(_greeting(settings, listener.getsockname()[1], tool, lang), flush=True)
    if settings.reload:
        return _serve_and_reload(settings, listener)
    server = uvicorn.Server(uvicorn.Config(create_app(settings), **uvicorn_options(settings)))
    if os.environ.get(_STOP_AT_EOF):
        threading.Thread(target=_stop_at_eof, args=(server,), daemon=True).start()
    # uvicorn sets these itself while it runs, then raises the signal again, whose default would end the process
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, server.handle_exit)
    server.run(sockets=[listener])
    return 0


def uvicorn_options(settings: Settings) -> dict[str, Any]:
    """How uvicorn speaks HTTP, here and under gunicorn."""
    from .timed_head import TimedHead

    return {
        "http": partial(TimedHead, timeout_s=settings.receive_timeout_s),
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "timeout_keep_alive": KEEP_ALIVE_S,
        "timeout_graceful_shutdown": round(settings.shutdown_grace_s) + 2,
    }


def _serve_and_reload(settings: Settings, listener: socket.socket) -> int:
    """Serves in a child process, which is replaced when a file of this package changes."""
    import uvicorn
    from uvicorn.supervisors import ChangeReload

    os.environ.update(_environment(settings))  # the child has its settings from there
    del os.environ[_STOP_AT_EOF]
    config = uvicorn.Config(
        "sse_perf_tool.chat_server.app:from_environment",
        factory=True,
        reload=True,
        reload_dirs=[str(Path(__file__).parent)],
        **uvicorn_options(settings),
    )
    ChangeReload(config, target=uvicorn.Server(config).run, sockets=[listener]).run()
    return 0


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.create_server((settings.host, settings.port), family=family, backlog=2048)
    # Connections inherit it.  asyncio sets it on those only whose socket names its protocol, as this one does not, and
    # without it the body of a whole answer waits behind its head for the client's delayed acknowledgement, some 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _stop_at_eof(server: uvicorn.Server) -> None:
    while os.read(0, 1024):  # not sys.stdin: a thread that waits inside its buffer aborts the end of the interpreter
        pass
    server.handle_exit(signal.SIGTERM, None)  # rather than should_exit: running streams learn of it too


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _greeting(settings: Settings, port: int, tool: str, lang: str) -> str:
    url = _url(settings.host, port)
    say, query = TEXTS[lang], "你是谁" if lang == "zh" else "Who are you?"
    keys = say["key" if settings.accepted_keys else "no_key"]
    return (
        f"{_START_LINE}{url}\n"
        f"  GET  {url}/                      {say['page']}\n"
        f"  POST {url}/chat                  {say['chat']}\n"
        f"  POST {url}/v1/chat-messages      Dify\n"
        f"  POST {url}/v1/chat/completions   OpenAI\n"
        f"  POST {url}/v1/messages           Anthropic\n"
        f"{say['try'].format(keys=keys)}\n"
        f"  {tool} --url {url}/v1/chat-messages --api-key app-demo-key --query '{query}'\n"
        f"{say['stop']}"
    )


class BackgroundServer:
    """A context manager: the chat server in a process of its own.

    It answers when the block begins and is stopped when it ends; it does not outlive this process, and Ctrl-C in the
    terminal does not reach it.  `port` and `url` ("http://127.0.0.1:8000", no slash at the end) tell where it is: at
    a free port unless `settings` name one.  `process` is for those who want to send it signals.  RuntimeError when it
    does not start, with what it said.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings or Settings(port=0)
        self.url = ""
        self.port = 0

    def __enter__(self) -> BackgroundServer:
        self._log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sse_perf_tool.chat_server"],
            env=_environment(self._settings),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            start_new_session=True,
        )
        try:
            self._wait_until_it_answers()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def _wait_until_it_answers(self) -> None:
        too_late = threading.Timer(_START_WITHIN_S, self.process.kill)
        too_late.start()
        try:
            first_line = self.process.stdout.readline().decode() if self.process.stdout else ""
            if not first_line.startswith(_START_LINE):
                self.process.wait()
                raise RuntimeError(f"the chat server did not start: {self._said() or 'it said nothing'}")
            self.url = first_line.removeprefix(_START_LINE).strip()
            self.port = int(self.url.rpartition(":")[2])
            connection = http.client.HTTPConnection(self._settings.host, self.port, timeout=_START_WITHIN_S)
            connection.request("GET", "/health")
            connection.getresponse().read()
            connection.close()
        finally:
            too_late.cancel()

    def _said(self) -> str:
        self._log.seek(0)
        return self._log.read().decode(errors="replace").strip()

    def _stop(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self.process.wait(self._settings.shutdown_grace_s + 5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._log.close()


def _environment(settings: Settings) -> dict[str, str]:
    """The environment of a background server: every setting is named, so that none comes from elsewhere."""
    package_root = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, (package_root, os.environ.get("PYTHONPATH"))))
    named = {variable(name): str(value) for name, value in settings}
    named[variable("api_keys")] = settings.api_keys.get_secret_value()
    return {**os.environ, **named, "PYTHONPATH": path, _STOP_AT_EOF: "1"}
