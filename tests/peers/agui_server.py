"""An agent of Pydantic AI behind its own AG-UI adapter: a scripted model that calls a tool, and then speaks.

The model waits 50 ms before each of its words and pieces, the tool works for 200 ms.  Without a network: the model is a
function.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ToolReturnPart
from pydantic_ai.models.function import AgentInfo, DeltaToolCall, DeltaToolCalls, FunctionModel
from pydantic_ai.ui.ag_ui import AGUIAdapter
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

WORD_S, TOOL_S = 0.05, 0.2
WORDS = ("Sunny", " in", " Rome", " today")


async def script(messages: list[ModelMessage], _info: AgentInfo) -> AsyncIterator[str | DeltaToolCalls]:
    """The call of the tool first; when its result is there, the answer."""
    done = any(isinstance(part, ToolReturnPart) for message in messages for part in message.parts)
    begin = DeltaToolCall(name="weather", json_args='{"city"', tool_call_id="c1")
    call: Any = ({0: begin}, {0: DeltaToolCall(json_args=':"Rome"}')})
    for piece in WORDS if done else call:
        await asyncio.sleep(WORD_S)
        yield piece


agent = Agent(FunctionModel(stream_function=script))


@agent.tool_plain
async def weather(city: str) -> str:
    """The weather of a city."""
    await asyncio.sleep(TOOL_S)
    return f"sunny in {city}"


async def run(request: Request) -> Response:
    """A run of the agent."""
    return await AGUIAdapter.dispatch_request(request, agent=agent)


app = Starlette(routes=[Route("/ag-ui", run, methods=["POST"])])
