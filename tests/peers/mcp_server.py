"""An MCP server with one tool, which tells of its progress twice, 100 ms apart, and then answers.

    python mcp_server.py PORT [stateless] [json]

With version 1 of the package it knows the handshake alone, with version 2 both eras.  `GET /sessions` tells how many
sessions were opened and how many are left.
"""

from __future__ import annotations

import sys
from typing import Any

import anyio
import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse

try:
    from mcp.server.mcpserver import Context, MCPServer
except ImportError:
    from mcp.server.fastmcp import Context
    from mcp.server.fastmcp import FastMCP as MCPServer

STEP_S = 0.1
port, told = int(sys.argv[1]), sys.argv[2:]
settings: dict[str, Any] = {"stateless_http": "stateless" in told, "json_response": "json" in told}
old = MCPServer.__name__ == "FastMCP"
server = MCPServer("peer", **(settings if old else {}))


@server.tool()
async def weather(query: str, context: Context) -> str:
    """The weather of a city."""
    for step in (1, 2):
        await anyio.sleep(STEP_S)
        await context.report_progress(step, 2, f"step {step}")
    return f"Sunny in {query}"


app = server.streamable_http_app(**({} if old else settings))
opened: set[str] = set()


async def sessions(_request: Request) -> JSONResponse:
    """The sessions that there were, and those that are left."""
    left = server.session_manager._server_instances
    return JSONResponse({"opened": len(opened), "left": len(left)})


async def counting(scope: Any, receive: Any, send: Any) -> None:
    """The server, whose sessions are counted as their requests come."""
    for name, value in scope.get("headers", ()):
        if name == b"mcp-session-id":
            opened.add(value.decode())
    await app(scope, receive, send)


app.add_route("/sessions", sessions)
uvicorn.run(counting, host="127.0.0.1", port=port, log_level="warning")
