"""What requests ask and how answers are read: format, queries, body, and whether these go together."""

from __future__ import annotations

import json
from typing import Any

from ..errors import UsageError
from ..flags import FLAGS
from ..formats import FORMATS
from ..formats.base import Format
from ..providers import Query, QueryProvider, load_queries
from ..queries.prompts import Prompts
from ..request.body import BodyBuilder, load_template
from ..texts import Texts, printable
from .flag_values import Asked

TEXTS: Texts = {
    "custom_only": (
        "is for --format custom; leave it out or leave out --format {format}",
        "只用于 --format custom，请去掉它或去掉 --format {format}",
    ),
    "custom_text": (
        "where the text stands is not told; add --text-path PATH (or --raw)",
        "不知道文本在何处，请加 --text-path 路径（或 --raw）",
    ),
    "code_path": (
        "where the code stands is not told; add --error-code-path",
        "不知道代码在何处，请加 --error-code-path",
    ),
    "template_fallback": ("{problem}; the default body is used instead", "{problem}；改用默认请求体"),
    "model_unused": (
        '--model {model}: not used, the body has no "model"; add it to the template of --request-body-file',
        "--model {model}：未使用，请求体中没有 model，请在 --request-body-file 的模板中加上",
    ),
    "unfilled": (
        "--request-body-file {path}: nothing is known for {names}, sent as it stands; add it to --param-file",
        "--request-body-file {path}：{names} 没有值，将原样发送，请在 --param-file 中补上",
    ),
    "switched": (
        "{flag}: changed in the template, so that it asks for a whole answer: {names}",
        "{flag}：为请求完整回答，模板中已更改：{names}",
    ),
    "no_whole": (
        "{title} gives no whole answer to one request, it must be asked for again and again; leave this out",
        "{title} 的单个请求得不到完整回答，只能反复查询；请去掉该参数",
    ),
    "stream_path": (
        "{flag}: the path ends in {stream}, which asks for a stream; a whole answer is at {whole}",
        "{flag}：路径以 {stream} 结尾，请求的是流；完整回答的路径以 {whole} 结尾",
    ),
    "think_alone": (
        "is between the turns of a conversation; add --turns N, or leave it out",
        "只用于会话的各轮之间，请加 --turns N 或去掉该参数",
    ),
    "no_turns": (
        "format {name} carries no conversation ({formats} do); give a --request-body-file with {{conversation_id}}",
        "{name} 格式在此不支持会话（支持的有 {formats}），请用 --request-body-file 给出含 {{conversation_id}} 的模板",
    ),
    "no_turns_template": (
        "--request-body-file has no place for the conversation; put {conversation_id} into it",
        "--request-body-file 中没有会话的位置，请加入 {conversation_id}",
    ),
    "no_turns_asked": (
        "no conversation of {file} has a second turn of a person; leave this out",
        "{file} 的会话都只有一轮提问，请去掉该参数",
    ),
    "no_turns_id": (
        "where the id of the conversation stands is not told; add --conversation-id-path PATH",
        "不知道会话标识在何处，请加 --conversation-id-path 路径",
    ),
    "shuffle_alone": (
        "is for the queries of a file; add --param-file FILE",
        "用于文件中的问题，请加 --param-file 文件",
    ),
}

_CUSTOM_FIELDS = ("text", "reasoning", "event", "error", "conversation_id", "message_id", "prompt_tokens",
                  "completion_tokens", "finish_reason")  # fmt: skip


def format_name_of(asked: Asked) -> str:
    """The format asked for; any flag of the custom format implies that one."""
    name = str(asked["format"])
    custom = asked.first(*(flag.key for flag in FLAGS if flag.group == "custom"))
    if custom and name not in ("auto", "custom"):
        raise UsageError(f"{custom}: {asked.say('custom_only', format=name)}")
    if custom is None and name != "custom":
        return name
    if not asked["text_path"] and not asked["raw"]:
        raise UsageError(f"--format custom: {asked.say('custom_text')}")
    if asked["error_code_ok"] and not asked["error_code_path"]:
        raise asked.wrong("error_code_ok", "code_path")
    return "custom"


def custom_options(asked: Asked) -> dict[str, Any]:
    """The options of the custom format: `fields`, `*_events`, `error_code`, `cumulative`, `raw`; those given."""
    fields = {name: asked[f"{name}_path"] for name in _CUSTOM_FIELDS if asked[f"{name}_path"]}
    events = {f"{kind}_events": asked[f"{kind}_event"] for kind in ("text", "error", "end") if asked[f"{kind}_event"]}
    if events:
        fields.setdefault("event", "@event")
    options: dict[str, Any] = {"fields": fields} if fields else {}
    options.update(events)
    if asked["error_code_path"]:
        ok = [0] if asked["error_code_ok"] is None else asked["error_code_ok"]
        options["error_code"] = {"path": asked["error_code_path"], "ok": ok}
    return options | {name: True for name in ("cumulative", "raw") if asked[name]}


def stream_options(body: BodyBuilder, query: Query) -> dict[str, Any]:
    """What the request says of its stream: DashScope's `parameters.incremental_output`."""
    parameters = json.loads(body.build(query)).get("parameters")
    asked_for = parameters.get("incremental_output") if isinstance(parameters, dict) else None
    return {} if asked_for is None else {"incremental_output": asked_for}


def body_row(format_name: str, row: Format | None, guessed: Format | None) -> Format | None:
    """The format whose body is sent when there is no template; None for the default body.

    On Dify's paths that is Dify's body whatever the stream looks like.  A custom stream says nothing of its request,
    so there the URL is asked first.
    """
    return guessed if guessed is not None and (format_name == "custom" or guessed.name == "dify") else row


def queries_of(asked: Asked) -> QueryProvider:
    """The queries to send: of the file in its order or shuffled, made ones, or always the same."""
    if asked["shuffle"] and not asked["param_file"]:
        raise asked.wrong("shuffle", "shuffle_alone")
    queries = asked.load("param_file", load_queries) if asked["param_file"] else [Query(asked["query"])]
    if asked["shuffle"]:
        from random import Random  # only here, it costs start-up time

        Random(asked["seed"]).shuffle(queries)  # noqa: S311 - no secret, and the same for every run
    tokens, spread = asked["prompt_tokens"] or (None, 0)
    return QueryProvider(queries, prompts=Prompts(asked["seed"], tokens, spread, asked["shared_prefix_tokens"] or 0))


def body_of(asked: Asked, row: Format | None, query: Query) -> BodyBuilder:
    """The body as `row` or a template has it; `query` is one that will fill it."""
    body = BodyBuilder(
        _template(asked),
        row,
        model=asked["model"],
        model_name=asked["model_name"],
        user=asked["user"],
        conversation_id=asked["conversation_id"],
        stream=not asked["no_stream"],
    )
    if body.from_template and body.switched:
        asked.warnings.append(
            asked.say("switched", flag=asked.name("no_stream"), names=printable(", ".join(body.switched)))
        )
    if asked["model"] and not body.takes_model:
        asked.warnings.append(asked.say("model_unused", model=printable(asked["model"])))
    if names := body.unfilled(query):
        path = printable(asked["request_body_file"])
        asked.warnings.append(asked.say("unfilled", path=path, names=printable(", ".join(names))))
    return body


def _template(asked: Asked) -> dict[str, Any] | None:
    if not asked["request_body_file"]:
        return None
    try:
        template: dict[str, Any] = asked.load("request_body_file", load_template)
    except UsageError as error:
        if asked["strict"]:
            raise
        asked.warnings.append(asked.say("template_fallback", problem=error))
        return None
    return template


def check_whole(asked: Asked, row: Format | None, path: str) -> None:
    """UsageError when no whole answer can be had; a warning when the URL asks for a stream."""
    if row is None:
        return
    if row.whole is None:
        raise asked.wrong("no_stream", "no_whole", title=row.title)
    if row.whole.path is not None and path.endswith(row.whole.path[0]):
        stream, whole = row.whole.path
        asked.warnings.append(asked.say("stream_path", flag=asked.name("no_stream"), stream=stream, whole=whole))


def check_turns(asked: Asked, row: Format | None, body: BodyBuilder, queries: QueryProvider) -> None:
    """UsageError when a conversation is asked for that the requests cannot go on with."""
    if asked["turns"] == 1:
        if asked["think_time"]:
            raise asked.wrong("think_time", "think_alone")
        return
    if not body.carries and body.from_template:
        raise asked.wrong("turns", "no_turns_template")
    if not body.carries:
        formats = ", ".join(name for name, each in FORMATS.items() if each.carries)
        raise asked.wrong("turns", "no_turns", name=row.name if row else "auto", formats=formats)
    if body.carries == "id" and row is FORMATS["custom"] and not asked["conversation_id_path"]:
        raise asked.wrong("turns", "no_turns_id")
    if all(query.later == () for query in queries.queries):
        raise asked.wrong("turns", "no_turns_asked", file=asked.name("param_file"))
