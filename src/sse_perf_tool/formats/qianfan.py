"""Baidu Qianfan, version 1 (wenxinworkshop).  Version 2 is OpenAI Chat.  The key is `access_token` in the URL."""

from __future__ import annotations

from ..records import Call, Delta
from .base import Doc, Format, Whole, calls_of, id_of, reason_of, reasoning_in, text_of
from .failures import error_text
from .openai_chat import usage_in


def _body(query: str, _model: str, user: str, _conversation_id: str) -> Doc:
    return {"messages": [{"role": "user", "content": query}], "stream": True, "user_id": user}


def _detects(_event: str, doc: Doc) -> bool:
    return "is_end" in doc and "result" in doc


def _read(_event: str, doc: Doc) -> Delta:
    ended = doc.get("is_end") is True
    return Delta(
        text_of(doc.get("result")),
        reasoning_in(doc),
        usage=usage_in(doc),
        finish_reason=reason_of(doc.get("finish_reason")),
        message_id=id_of(doc.get("id")),
        error=error_text(doc) if doc.get("error_code") or doc.get("error_msg") else None,
        end=ended,
        last=ended,
    )


def _calls(_event: str, doc: Doc) -> list[Call]:
    return calls_of([doc.get("function_call")])


FORMAT = Format(
    name="qianfan",
    title="Baidu Qianfan v1",
    reader=lambda _options: _read,
    detects=_detects,
    body=_body,
    paths=(r"/wenxinworkshop/",),
    hosts=(r"^aip\.baidubce\.com$",),
    auth=None,
    needs_key=False,
    calls=_calls,
    end_hint=b'"is_end":true',
    whole=Whole(detects=lambda doc: "result" in doc and ("is_truncated" in doc or "need_clear_history" in doc)),
    limit=("max_output_tokens",),
)
