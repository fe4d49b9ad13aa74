"""A studio for a test: in a thread of this process on a free port, asked as a browser or a script would."""

from __future__ import annotations

import contextlib
import http.client
import json
import shutil
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import uvicorn

from patience import FOREVER_S
from sse_perf_tool.studio.app import create_app
from sse_perf_tool.studio.guard import Door
from sse_perf_tool.studio.settings import Settings
from sse_perf_tool.studio.workspace import Workspace

TOKEN = "token-of-the-tests"


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """That of the error."""
        return str(self.json["error"]["code"])


class Studio:
    """A running studio."""

    def __init__(self, workspace: Workspace, door: Door, port: int) -> None:
        self.workspace, self.door, self.port = workspace, door, port

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        token: str | None = TOKEN,
        raw: bytes | None = None,
    ) -> Answer:
        """Sends one request with the token, as a script does."""
        sent = {"Authorization": f"Bearer {token}"} if token else {}
        data = raw if body is None else json.dumps(body).encode()
        if body is not None:
            sent["Content-Type"] = "application/json"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=FOREVER_S)
        with contextlib.closing(connection):
            connection.request(method, path, body=data, headers={**sent, **(headers or {})})
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, found, answer.read())

    def get(self, path: str, **more: Any) -> Any:
        """The JSON at a path, which has to be there."""
        answer = self.ask("GET", path, **more)
        assert answer.status == 200, answer.body
        return answer.json

    @contextlib.contextmanager
    def events(self, path: str, last_id: int | None = None) -> Iterator[Iterator[dict[str, Any]]]:
        """The events of a stream as {"event", "id", "data"}, as they come; it is left at the end."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=FOREVER_S)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        if last_id is not None:
            headers["Last-Event-ID"] = str(last_id)
        with contextlib.closing(connection):
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            assert answer.status == 200, answer.read()
            yield _events(answer)
            if connection.sock is not None:
                connection.sock.shutdown(socket.SHUT_RDWR)


def _events(answer: http.client.HTTPResponse) -> Iterator[dict[str, Any]]:
    event: dict[str, Any] = {}
    while line := answer.readline():
        name, _, value = line.decode().rstrip("\r\n").partition(": ")
        if not name and event:
            yield event
            event = {}
        elif name in ("event", "id"):
            event[name] = value
        elif name == "data":
            event["data"] = json.loads(value)


@contextlib.contextmanager
def running(folder: Path, *, port: int = 0, **more: Any) -> Iterator[Studio]:
    """A studio of that folder, which ends with the context."""
    listener = socket.create_server(("127.0.0.1", port))
    settings = Settings(folder=folder, **more)
    door = Door("127.0.0.1", listener.getsockname()[1], settings.allow_hosts, TOKEN)
    workspace = Workspace(settings)
    config = uvicorn.Config(create_app(workspace, door), log_config=None, access_log=False, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.005)
    try:
        yield Studio(workspace, door, listener.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(FOREVER_S)
        assert not thread.is_alive()


def empty(folder: Path) -> None:
    """Takes everything out of a folder."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
