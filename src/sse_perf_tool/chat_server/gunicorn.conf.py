# ruff: noqa: N999 - the name that gunicorn looks for
# mypy: ignore-errors
"""Several workers in production: `gunicorn -c gunicorn.conf.py`.

Settings come from the environment and `.env`, as those of `serve` do.  Conversations and counters are in the memory of
each worker: a conversation has to reach the worker that began it, which one kept-alive connection does.  Where a proxy
spreads the connections, make it sticky by conversation, or run one worker (WORKERS=1).
"""

from __future__ import annotations

import sys

from uvicorn_worker import UvicornWorker

from sse_perf_tool.chat_server.run import KEEP_ALIVE_S, uvicorn_options
from sse_perf_tool.chat_server.settings import SettingsError, load

try:
    _settings = load({})
except SettingsError as error:
    print(error, file=sys.stderr)
    sys.exit(2)


class ChatWorker(UvicornWorker):
    """A uvicorn worker that gives running answers their grace when it is stopped."""

    CONFIG_KWARGS = {  # noqa: RUF012 - as uvicorn_worker declares it
        **UvicornWorker.CONFIG_KWARGS,
        **uvicorn_options(_settings),
    }


wsgi_app = "sse_perf_tool.chat_server.app:from_environment()"
bind = f"[{_settings.host}]:{_settings.port}" if ":" in _settings.host else f"{_settings.host}:{_settings.port}"
workers = _settings.worker_count
worker_class = ChatWorker
keepalive = KEEP_ALIVE_S
timeout = 60
"""Seconds after which a worker whose event loop does not answer is replaced; streams may take longer."""
graceful_timeout = round(_settings.shutdown_grace_s) + 5
control_socket_disable = True
loglevel = _settings.log_level.lower()
