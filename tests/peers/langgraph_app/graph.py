"""Two graphs for a LangGraph server: a node that speaks four words, 50 ms apart, and the same as a part of another one.

Asked about "boom" it fails, asked "may I" it wants an answer of a person first.  The model is a script.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import interrupt

WORD_S = 0.05
WORDS = ("Sunny", " in", " Rome", " today")
USAGE = {"input_tokens": 9, "output_tokens": 4, "total_tokens": 13}


class Script(GenericFakeChatModel):
    """A model that always says the same."""

    async def _astream(self, *_args: Any, run_manager: Any = None, **_options: Any) -> AsyncIterator[Any]:
        for at, word in enumerate(WORDS):
            await asyncio.sleep(WORD_S)
            usage = USAGE if at == len(WORDS) - 1 else None
            piece = ChatGenerationChunk(message=AIMessageChunk(content=word, usage_metadata=usage))
            if run_manager is not None:
                await run_manager.on_llm_new_token(word, chunk=piece)
            yield piece


async def speak(state: MessagesState) -> dict[str, Any]:
    """The only node."""
    asked = str(state["messages"][0].content)
    if "boom" in asked:
        raise RuntimeError("engine died")
    if "may I" in asked:
        interrupt("Are you sure?")
    return {"messages": [await Script(messages=iter(())).ainvoke(state["messages"])]}


def graph_of(name: str, node: Any) -> Any:
    """A graph of one node."""
    graph = StateGraph(MessagesState)
    graph.add_node(name, node)
    graph.add_edge(START, name)
    graph.add_edge(name, END)
    return graph


agent = graph_of("speak", speak).compile()
outer = graph_of("member", agent)
outer.add_node("last", speak)
outer.add_edge("member", "last")
team = outer.compile()
