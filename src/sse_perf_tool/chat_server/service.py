"""Answers a request: conversation, plan of the answer, timing, and the bytes in the format of an API.

Streams go out through sse-starlette's EventSourceResponse: it pings, notices a client that left (and cancels the
answer), and learns when uvicorn is to stop, under gunicorn too.  It gets whole blocks as bytes, so that the wire has
the line ends and the bare pings of the APIs that are spoken here.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import structlog
from fastapi import Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from sse_starlette import EventSourceResponse
from sse_starlette.sse import AppStatus

from .agent import ANSWERED, OUTPUT, parts_before_text
from .conversations import Conversation, Conversations
from .dialects.base import Dialect
from .engine import AnswerCutError, Pace
from .faults import NONE, Fault, choose, parse_faults
from .metrics import Metrics
from .settings import Settings
from .turn import AnswerError, FlagValues, Turn

_GARBAGE = b'data: {"half": "a JSON obj\xff\xfe\n\n'

_CLIENT_LEFT = 499
"""The status that nobody reads, by the custom of nginx; it is for the counters."""

_log = structlog.get_logger()


class ChatService:
    """Answers requests.  One for each application; it holds the conversations and counts in `metrics`."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self.conversations = Conversations(
            settings.max_conversations,
            settings.max_history_length,
            settings.conversation_idle_timeout_s,
            most_bytes=settings.max_conversations_bytes,
        )
        self._settings = settings
        self._metrics = metrics
        self._faults = parse_faults(settings.fault)

    async def answer(self, dialect: Dialect, asked: FlagValues, request: Request) -> Response:
        """The response to `asked`, streamed if it asks for that.

        Raises AnswerError when it is refused: an unknown conversation, a fault on demand, an answer that broke off
        before any of it was sent.
        """
        fault, headers = self._fault(request)
        turn = self._plan(asked)
        pace = Pace(self._settings, turn, fault, lambda: AppStatus.should_exit)
        if turn.conversation_id:
            headers["X-Conversation-Id"] = turn.conversation_id
        if not asked.stream:
            response = await self._whole(dialect, turn, pace, request)
            response.headers.update(headers)
            return response
        return EventSourceResponse(
            self._stream(dialect, turn, pace),
            headers=headers,
            ping=self._settings.sse_keepalive_timeout_s,
            ping_message_factory=lambda: dialect.ping,
            shutdown_grace_period=self._settings.shutdown_grace_s + 1,  # the stream itself ends in time, with an error
        )

    def _fault(self, request: Request) -> tuple[Fault, dict[str, str]]:
        """The fault of this answer, and the header that tells a tester when the wish for one was not heard."""
        wished = request.headers.get("X-Fault")
        if wished is not None and not self._settings.faults_allowed:
            return NONE, {"X-Fault": "ignored"}
        try:
            faults = self._faults if wished is None else parse_faults(wished)
        except ValueError as error:
            raise AnswerError(400, "invalid_fault", f"X-Fault: {error}") from None
        fault = choose(faults, random.random)
        if fault.status:
            raise AnswerError(fault.status, "fault", f"This server was set to answer with status {fault.status}.")
        return fault, {}

    def _plan(self, asked: FlagValues) -> Turn:
        if asked.conversation_id is None:
            number = 1 + sum(role == "user" for role, _ in asked.before)
            return Turn.plan(asked, asked.before, number, "", self._settings.answer_tokens)
        conversation = self._conversation(asked.conversation_id)
        before = tuple((said.role, said.text) for said in conversation.messages)
        return Turn.plan(asked, before, conversation.turns + 1, conversation.id, self._settings.answer_tokens)

    def _conversation(self, conversation_id: str) -> Conversation:
        if not conversation_id:
            return self.conversations.begin()
        conversation = self.conversations.use(conversation_id)
        if conversation is None:
            raise AnswerError(404, "not_found", "Conversation Not Exists.")
        return conversation

    async def _stream(self, dialect: Dialect, turn: Turn, pace: Pace) -> AsyncIterator[bytes]:
        retry = f"retry: {self._settings.sse_reconnect_delay_ms}\n" if dialect.says_retry else ""
        try:
            yield retry.encode() + dialect.opening(turn)
            agent = dialect.agent if self._settings.agent else None
            for part in parts_before_text(turn.asked.query) if agent is not None else ():
                await pace.step(self._settings.tool_delay_s if part.works else None)
                if part.kind in OUTPUT:
                    turn.give_beside()
                if agent is not None and (said := agent(turn, part)):
                    yield said
            for token in turn.tokens:
                if await pace.next():
                    yield _GARBAGE
                yield dialect.part(turn, turn.give(token))
            self._completed(turn)
            if agent is not None and (said := agent(turn, ANSWERED)):
                yield said
            yield dialect.closing(turn)
        except AnswerError as error:
            turn.outcome = "failed"
            self._metrics.error(error.code)
            yield dialect.failure(turn, error)
        except AnswerCutError as cut:
            turn.outcome = "cut"
            if not cut.properly:
                raise
        finally:
            self._over(dialect, turn)

    async def _whole(self, dialect: Dialect, turn: Turn, pace: Pace, request: Request) -> Response:
        garbage = False

        async def work() -> None:
            nonlocal garbage
            for token in turn.tokens:
                garbage |= await pace.next()
                turn.give(token)

        try:
            if not await _finished(work(), request):
                return Response(status_code=_CLIENT_LEFT)
            self._completed(turn)
            whole = JSONResponse(dialect.whole(turn))
            return _half(whole, properly=True) if garbage else whole
        except AnswerError:
            turn.outcome = "failed"
            raise
        except AnswerCutError as cut:
            turn.outcome = "cut"
            return _half(JSONResponse(dialect.whole(turn)), cut.properly)
        finally:
            self._over(dialect, turn)

    def _completed(self, turn: Turn) -> None:
        turn.outcome = "completed"
        if turn.conversation_id:
            self.conversations.add_turn(turn.conversation_id, turn.asked.query, turn.text)

    def _over(self, dialect: Dialect, turn: Turn) -> None:
        self._metrics.answer_done(dialect.name, turn.outcome, len(turn.sent))
        _log.info(
            "answer",
            api=dialect.name,
            outcome=turn.outcome,
            conversation_id=turn.conversation_id,
            turn=turn.number,
            tokens=len(turn.sent),
            ttft_s=turn.ttft_s and round(turn.ttft_s, 4),
            total_s=round(turn.elapsed_s, 4),
        )


def _half(response: Response, properly: bool) -> Response:
    """The first half of a body as a whole response, or as one whose connection is cut there."""
    body = bytes(response.body)
    half = body[: len(body) // 2]
    if properly:
        return Response(half, media_type=response.media_type)

    async def cut() -> AsyncIterator[bytes]:
        yield half
        raise AnswerCutError(properly=False)

    return StreamingResponse(cut(), media_type=response.media_type, headers={"Content-Length": str(len(body))})


async def _finished(work: Coroutine[Any, Any, None], request: Request) -> bool:
    """Runs `work` to its end and raises what it raises; False, and `work` cancelled, when the client leaves before."""
    tasks = (asyncio.ensure_future(work), asyncio.ensure_future(_left(request)))
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if not tasks[0].done():
            return False
        tasks[0].result()
        return True
    finally:
        for task in tasks:
            task.cancel()


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
