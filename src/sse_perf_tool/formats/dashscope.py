"""DashScope's own API (Qwen): models and applications.

`parameters.incremental_output` of the request decides whether an event brings what is new or all so far, and nothing
in the stream tells which: `options["incremental_output"]` must.  Without it: all so far, the API's default.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..records import Call, Delta, Other, TextMode, Usage
from .base import (
    Doc,
    Format,
    Options,
    ReadEvent,
    Whole,
    calls_of,
    count_of,
    dict_of,
    dicts_of,
    id_of,
    parts_of,
    reason_of,
    reasoning_in,
    sum_of,
    text_of,
    usage_of,
    without_stream,
)
from .failures import error_text
from .openai_chat import choice_index


def _body(query: str, model: str, _user: str, _conversation_id: str) -> Doc:
    return {
        "model": model,
        "input": {"messages": [{"role": "user", "content": query}]},
        "parameters": {"incremental_output": True, "result_format": "message"},
    }


def _body_of_parts(query: str, model: str, user: str, conversation_id: str) -> Doc:
    """For models that see and hear, which take no content but a list of parts."""
    message = {"role": "user", "content": [{"text": query}]}
    return {**_body(query, model, user, conversation_id), "input": {"messages": [message]}}


def _ask_whole(body: Doc) -> Doc:
    """The header asks for a stream, not the body; `incremental_output` goes with streams only."""
    parameters = body.get("parameters")
    if isinstance(parameters, dict):
        body = {**body, "parameters": {k: v for k, v in parameters.items() if k != "incremental_output"}}
    return without_stream(body)


def _detects(_event: str, doc: Doc) -> bool:
    return isinstance(doc.get("output"), dict) and "request_id" in doc


def _reader(options: Options) -> ReadEvent:
    mode = TextMode.ADD if options.get("incremental_output") else TextMode.WHOLE
    whole: dict[int, str] = {}
    """Of each choice above 0, its text so far, where an event brings all of it."""

    def read(_event: str, doc: Doc) -> Delta:
        output = dict_of(doc.get("output"))
        choices = dicts_of(output.get("choices"))
        choice = next((each for at, each in enumerate(choices) if choice_index(each, at) == 0), {})
        message = dict_of(choice.get("message"))
        reason = reason_of(choice.get("finish_reason")) or reason_of(output.get("finish_reason"))
        return Delta(
            parts_of(message.get("content"))[0] or text_of(output.get("text")),
            reasoning_in(message),
            mode,
            tuple(_others(choices, None if mode is TextMode.ADD else whole)),
            usage=_usage(doc.get("usage")),
            finish_reason=reason,
            message_id=id_of(doc.get("request_id")),
            conversation_id=id_of(output.get("session_id")),
            error=error_text(doc) if doc.get("code") and not output else None,
            end=reason is not None,
        )

    return read


def _others(choices: list[Doc], whole: dict[int, str] | None) -> Iterator[Other]:
    """What is new of the choices above 0; `whole`: what came of each before, where an event brings all of it."""
    for place, choice in enumerate(choices):
        index = choice_index(choice, place)
        if index == 0:
            continue
        text = parts_of(dict_of(choice.get("message")).get("content"))[0]
        if whole is not None:
            before, whole[index] = whole.get(index, ""), text or whole.get(index, "")
            text = text[len(before) :] if text.startswith(before) else text
        yield index, text, reason_of(choice.get("finish_reason"))


def _calls(_event: str, doc: Doc) -> list[Call]:
    choices = dicts_of(dict_of(doc.get("output")).get("choices"))
    messages = enumerate(dict_of(each.get("message")) for each in choices)
    return [call for place, message in messages for call in calls_of(message.get("tool_calls"), f"{place}/")]


def _usage(value: object) -> Usage | None:
    """The counts; an application gives them for each model that it called."""
    usage = dict_of(value)
    parts = [usage] if "input_tokens" in usage or "output_tokens" in usage else dicts_of(usage.get("models"))
    details = dict_of(usage.get("output_tokens_details"))
    return usage_of(
        sum_of(*(count_of(part.get("input_tokens")) for part in parts)),
        sum_of(*(count_of(part.get("output_tokens")) for part in parts)),
        details.get("reasoning_tokens"),
    )


FORMAT = Format(
    name="dashscope",
    title="DashScope",
    reader=_reader,
    detects=_detects,
    body=_body,
    paths=(r"/services/aigc/", r"/services/aigc/.+/generation/?$", r"/api/v1/apps/[^/]+/completion/?$"),
    bodies={r"/multimodal-generation/": _body_of_parts},
    hosts=(r"^dashscope(-\w+)?\.aliyuncs\.com$",),
    stream_headers={"X-DashScope-SSE": "enable"},
    default_model="qwen-turbo",
    end_hint=b'"finish_reason":"stop"',
    calls=_calls,
    whole=Whole(_ask_whole),
    limit=("parameters", "max_tokens"),
    temperature=("parameters", "temperature"),
)
