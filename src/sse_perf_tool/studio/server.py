"""Listens, says where, and ends in order."""

from __future__ import annotations

import logging
import signal
import socket
from collections.abc import Callable
from types import FrameType
from typing import TextIO

import uvicorn

from ..errors import UsageError
from ..texts import Texts, speaker
from .app import create_app
from .guard import Door
from .settings import Settings
from .workspace import Workspace

TEXTS: Texts = {
    "taken": (
        "cannot listen on {place}: {reason}; is a studio running there? else choose another --port or --host",
        "无法监听 {place}：{reason}；那里是否已有 Studio 在运行？否则请换一个 --port 或 --host",
    ),
    "open": ("STUDIO of {folder}: open {link}", "{folder} 的 STUDIO：请打开 {link}"),
    "secret": (
        "The link holds a token that lets in whoever has it; it is good until the studio ends. Ctrl-C ends it.",
        "链接中含有令牌，持有者均可进入；在 Studio 结束前有效。按 Ctrl-C 结束。",
    ),
    "stopping": (
        "ending: the job that runs has 5 s for its last answers and is kept; Ctrl-C again ends at once",
        "正在结束：运行中的任务还有 5 秒完成最后的回答，结果会保留；再按 Ctrl-C 立即结束",
    ),
    "left": (
        "jobs that still waited when the studio died: {count}; they begin now, and Stop in the page takes them back",
        "上次 Studio 异常退出时有 {count} 个任务在排队；现在开始执行，可在页面中停止",
    ),
    "remote": (
        (
            "warning: listens on {host}, so other machines reach it, over plain HTTP: token, keys that are entered and "
            "results can be read on the way. Better keep to this machine and go there by ssh -L {port}:localhost:{port}"
        ),
        (
            "警告：正在监听 {host}，其他机器可以访问，而且使用明文 HTTP：令牌、输入的密钥和结果可能在途中被读取。"
            "更好的做法是只在本机监听，并通过 ssh -L {port}:localhost:{port} 访问"
        ),
    ),
}

STOP_WITHIN_S = 3
"""How long streams that are still read may hold up the end."""


def serve(settings: Settings, stdout: TextIO) -> None:
    """Runs the studio until SIGINT or SIGTERM.  UsageError when the address cannot be listened on."""
    say = speaker(TEXTS, settings.lang)
    listener = _listener(settings)
    port = listener.getsockname()[1]
    door = Door(settings.host, port, settings.allow_hosts)
    print(say("open", folder=settings.folder.resolve(), link=door.link), file=stdout)
    print(say("secret"), file=stdout)
    if not settings.loopback:
        print(say("remote", host=settings.host, port=port), file=stdout)
    workspace = Workspace(settings)
    if left := workspace.queue.left():
        print(say("left", count=left), file=stdout)
    stdout.flush()

    def before_the_end() -> None:
        if workspace.queue.busy:
            print(say("stopping"), file=stdout, flush=True)

    server = _Server(
        uvicorn.Config(
            create_app(workspace, door),
            log_config=None,
            access_log=False,  # the token stands in a URL
            server_header=False,
            timeout_graceful_shutdown=STOP_WITHIN_S,
        ),
        before_the_end,
    )
    # It complains of streams that are cut off at its end; faults of ours are logged where they are caught.
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    for number in (signal.SIGINT, signal.SIGTERM):  # uvicorn raises them again at its end
        signal.signal(number, server.handle_exit)
    server.run(sockets=[listener])


class _Server(uvicorn.Server):
    """A server that says what it waits for at its end."""

    def __init__(self, config: uvicorn.Config, before_the_end: Callable[[], None]) -> None:
        super().__init__(config)
        self._before_the_end = before_the_end

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first signal ends it in order, a second one at once."""
        if not self.should_exit:
            self._before_the_end()
        super().handle_exit(sig, frame)


def _listener(settings: Settings) -> socket.socket:
    try:
        family = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((settings.host, settings.port), family=family)
    except OSError as error:
        reason = str(error.strerror or error).partition(" (")[0]
        place = f"{settings.host} port {settings.port}"
        raise UsageError(speaker(TEXTS, settings.lang)("taken", place=place, reason=reason)) from error
