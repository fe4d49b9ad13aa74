"""A server that the tool starts: its begin, the wait until it answers, its end."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ...texts import Texts, printable, speaker

TEXTS: Texts = {
    "no_command": (
        "{command}: no such program; check the name behind --",
        "{command}：没有这个程序，请检查 -- 之后的名称",
    ),
    "no_program": (
        "{command}: is no program that can be started; name what runs it, e.g. python3 {command}, or chmod +x it",
        "{command}：不是可执行的程序，请写出运行它的程序，例如 python3 {command}，或用 chmod +x 使其可执行",
    ),
    "taken": (
        "port {port} is taken: something listens there already; stop it, or profile it with --pid",
        "端口 {port} 已被占用，请先停止该程序，或用 --pid 直接分析它",
    ),
    "ended": ("the server ended with {how} before it was ready", "服务端尚未就绪就已结束（{how}）"),
    "never": (
        "the server was not ready after {seconds:g} s ({what}); give it longer by --ready-timeout",
        "服务端 {seconds:g} 秒后仍未就绪（{what}），可用 --ready-timeout 延长等待时间",
    ),
    "last_lines": ("its last lines:", "其最后几行输出："),
    "status": ("status {code}", "状态码 {code}"),
    "signal": ("signal {name}", "信号 {name}"),
    "stopped": (
        "server: {signal} sent, it ended after {seconds:.1f} s",
        "服务端：已发送 {signal}，{seconds:.1f} 秒后结束",
    ),
    "ignored": (
        "server: {signal} sent, it went on for {seconds:g} s",
        "服务端：已发送 {signal}，{seconds:g} 秒后仍在运行",
    ),
    "died": ("server: it ended by itself during the run, with {how}", "服务端：测试期间自行结束（{how}）"),
    "left": (
        "server: process {pid} has left its group and goes on; stop it yourself",
        "服务端：进程 {pid} 已脱离进程组并仍在运行，请自行停止",
    ),
}

STEPS_S = (10.0, 5.0)
"""How long the server may take after the first signal, and after SIGTERM."""
TAIL_LINES = 20
DAEMON_S = 3.0


class ServerError(Exception):
    """Why there is no server to load: lines for the user, its own last lines among them."""


def fault_of(program: str, lang: str) -> str | None:
    """Why a program cannot be started; None when it is there."""
    if shutil.which(program) is not None:
        return None
    key = "no_program" if Path(program).exists() else "no_command"
    return speaker(TEXTS, lang)(key, command=printable(program, 80))


class Server:
    """A command in a process group of its own, its output in a file."""

    def __init__(self, command: Sequence[str], log: Path, environment: Mapping[str, str], lang: str) -> None:
        self.command, self.log, self._environment = command, log, environment
        self._say, self._lang = speaker(TEXTS, lang), lang
        self._process: subprocess.Popen[bytes] | None = None
        self.steps: list[tuple[str, str]] = []
        """What was done to end it, in both languages."""

    @property
    def pid(self) -> int:
        """Its PID, which is that of its process group too."""
        if self._process is None:
            raise TypeError("it was not started")
        return self._process.pid

    def start(self) -> None:
        """ServerError when the command cannot be started."""
        if (why := fault_of(self.command[0], self._lang)) is not None:
            raise ServerError(why)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - the command of the user
                list(self.command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(self._environment),
                start_new_session=True,
            )

    def has_ended(self) -> bool:
        """Whether its first process has; it is not reaped, so its group cannot become another's."""
        return self._code() is not None

    def _code(self) -> int | None:
        """Its status, or less than 0 for a signal; None while it runs."""
        if self._process is None or self._process.returncode is not None:
            return self._process.returncode if self._process else 0
        if not hasattr(os, "waitid"):
            return self._process.poll()
        found = os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if found is None:
            return None
        return found.si_status if found.si_code == os.CLD_EXITED else -found.si_status

    def how_it_ended(self) -> tuple[str, str]:
        """Status or signal, once it has."""
        code = self._code() or 0
        key, value = ("status", {"code": code}) if code >= 0 else ("signal", {"name": _signal_name(-code)})
        english, chinese = (text.format(**value) for text in TEXTS[key])
        return english, chinese

    def wait_until(self, is_ready: Callable[[], bool], what: str, limit_s: float, stopped: threading.Event) -> bool:
        """True once `is_ready`; False when `stopped`.  ServerError when it ends or takes too long.

        One that ends with status 0 may have left a process of its own behind, which has `DAEMON_S` to answer.
        """
        until_s = time.monotonic() + limit_s
        daemon_s = None
        while not stopped.is_set():
            if is_ready():
                return True
            if self._code() == 0 and daemon_s is None:
                daemon_s = time.monotonic() + DAEMON_S
            if self.has_ended() and (daemon_s is None or time.monotonic() > daemon_s):
                self._kill_rest()
                how = self.how_it_ended()[self._lang == "zh"]
                raise ServerError(self._with_tail(self._say("ended", how=how)))
            if time.monotonic() > until_s:
                raise ServerError(self._with_tail(self._say("never", seconds=limit_s, what=what)))
            stopped.wait(0.05)
        return False

    def _with_tail(self, line: str) -> str:
        lines = self.tail()
        return "\n".join([line, *([self._say("last_lines"), *(f"  {text}" for text in lines)] if lines else [])])

    def tail(self) -> list[str]:
        """The last lines of its output, safe on a terminal."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, self.log.stat().st_size - 65_536))
                lines = deque(file.read().decode("utf-8", "replace").splitlines(), TAIL_LINES)
        except OSError:
            return []
        return [printable(line, 200) for line in lines]

    def owns(self, pid: int) -> bool:
        """Whether a process belongs to its group."""
        try:
            return os.getpgid(pid) == self.pid
        except OSError:
            return False

    def has_said(self, text: str) -> bool:
        """Whether a text stands in its output."""
        with contextlib.suppress(OSError):
            return text.encode() in self.log.read_bytes()
        return False

    def stop(self, first: str = "INT", left: int | None = None) -> None:
        """Ends it: the first signal, SIGTERM, SIGKILL, each to the group that was started; then notes the steps.

        `left` is a process that serves on outside of that group: it is named, and gets no signal.
        """
        if self._process is None or self._process.returncode is not None:
            return
        if self.has_ended() and left is not None:
            self._kill_rest()
            self.note("left", pid=left)
            return
        if self.has_ended():
            self._kill_rest()
            self.note("died", how=self.how_it_ended())
            return
        for name, limit_s in zip((f"SIG{first}", "SIGTERM"), STEPS_S, strict=True):
            if self._ends_by(name, limit_s):
                return
        self._ends_by("SIGKILL", 5.0)

    def _ends_by(self, name: str, limit_s: float) -> bool:
        begin_s = time.monotonic()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.Signals[name])
        while time.monotonic() - begin_s < limit_s:
            if self.has_ended():
                self.note("stopped", signal=name, seconds=time.monotonic() - begin_s)
                self._kill_rest()
                return True
            time.sleep(0.02)
        self.note("ignored", signal=name, seconds=limit_s)
        return False

    def _kill_rest(self) -> None:
        """Ends what its first process left behind in the group, and lets the group go."""
        if hasattr(os, "waitid"):  # else it is reaped, and its number may be another's by now
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def note(self, key: str, how: tuple[str, str] | None = None, **values: object) -> None:
        """Notes a step of its end."""
        english, chinese = (
            text.format(**({"how": how[column]} if how else {}), **values) for column, text in enumerate(TEXTS[key])
        )
        self.steps.append((english, chinese))


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


def listens(host: str, port: int) -> bool:
    """Whether something takes connections there."""
    try:
        socket.create_connection((host, port), 1.0).close()
    except OSError:
        return False
    return True


def answers(url: str) -> bool:
    """Whether a page can be had there, with any status below 500."""
    import urllib3

    try:
        with urllib3.PoolManager(retries=False, timeout=2.0) as pool:
            return pool.request("GET", url, redirect=False, preload_content=False).status < 500
    except (urllib3.exceptions.HTTPError, OSError):
        return False
