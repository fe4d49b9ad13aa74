"""Format, queries and request body, and whether they fit together."""

from __future__ import annotations

import json
import re
from typing import Any

from ..errors import UsageError
from ..flags import FLAGS
from ..formats import FORMATS
from ..formats.base import Format
from ..providers import Query, QueryProvider, load_queries
from ..queries.prompts import Prompts
from ..request.body import BodyBuilder, load_template
from ..request.steps import Following, Opening
from ..request.steps import body_of as body_of_step
from ..texts import Texts, printable
from .flag_values import FlagValues

TEXTS: Texts = {
    "custom_only": (
        "only works with --format custom; leave it out or leave out --format {format}",
        "只用于 --format custom，请去掉它或去掉 --format {format}",
    ),
    "custom_text": (
        "the path of the text is missing; add --text-path PATH (or --raw)",
        "缺少文本的路径，请加 --text-path 路径（或 --raw）",
    ),
    "thread_unused": (
        "{flag}: the thread in the path is not used, each request gets a new one; write ...{threads}",
        "{flag}：未使用路径中的 thread，每个请求都会新建一个；请写 ...{threads}",
    ),
    "code_path": (
        "the path of the error code is missing; add --error-code-path PATH",
        "缺少错误代码的路径，请加 --error-code-path 路径",
    ),
    "template_fallback": ("{problem}; the default body is used instead", "{problem}；改用默认请求体"),
    "model_unused": (
        '--model {model}: not used, the body has no "model"; add it to the template of --request-body-file',
        "--model {model}：未使用，请求体中没有 model，请在 --request-body-file 的模板中加上",
    ),
    "unfilled": (
        "--request-body-file {path}: no value for {names}, sent unchanged; add it to --param-file",
        "--request-body-file {path}：{names} 没有值，将原样发送，请在 --param-file 中补上",
    ),
    "switched": (
        "{flag}: changed in the template to request a whole answer: {names}",
        "{flag}：为请求完整回答，模板中已更改：{names}",
    ),
    "no_whole": (
        "{title} does not return a whole answer to one request, it must be polled; leave this out",
        "{title} 的单个请求得不到完整回答，只能轮询；请去掉该参数",
    ),
    "stream_path": (
        "{flag}: the path ends in {stream}, which requests a stream; use {whole} for a whole answer",
        "{flag}：路径以 {stream} 结尾，请求的是流；完整回答的路径以 {whole} 结尾",
    ),
    "think_alone": (
        "only works between the turns of a conversation; add --turns N, or leave it out",
        "只用于会话的各轮之间，请加 --turns N 或去掉该参数",
    ),
    "no_turns": (
        "format {name} cannot continue conversations ({formats} can); use --request-body-file with {{conversation_id}}",
        "{name} 格式在此不支持会话（支持的有 {formats}），请用 --request-body-file 给出含 {{conversation_id}} 的模板",
    ),
    "no_turns_template": (
        "--request-body-file has no placeholder for the conversation; put {conversation_id} into it",
        "--request-body-file 中没有会话的位置，请加入 {conversation_id}",
    ),
    "no_turns_asked": (
        "no conversation in {file} has a second user turn; leave this out",
        "{file} 的会话都只有一轮提问，请去掉该参数",
    ),
    "no_turns_id": (
        "the path of the conversation id is missing; add --conversation-id-path PATH",
        "缺少会话标识的路径，请加 --conversation-id-path 路径",
    ),
    "no_field": (
        "format {name} has no such field; leave this out, or put it where the service has it by --extra-body",
        "{name} 格式没有这个字段，请去掉该参数，或用 --extra-body 写到服务规定的位置",
    ),
    "field_unknown": (
        "it is not known which API this is, so where to put this; name it by --format, or use --extra-body",
        "不知道是哪种接口，无法确定字段位置，请用 --format 指明格式，或改用 --extra-body",
    ),
    "eos_alone": (
        "answers would have no end; add --max-tokens N",
        "回答将没有尽头，请加 --max-tokens N",
    ),
    "shuffle_alone": (
        "only works with queries from a file; add --param-file FILE",
        "只用于文件中的问题，请加 --param-file 文件",
    ),
}

_CUSTOM_FIELDS = ("text", "reasoning", "event", "error", "conversation_id", "message_id", "prompt_tokens",
                  "completion_tokens", "finish_reason")  # fmt: skip


def format_name_of(flags: FlagValues) -> str:
    """The name of the format; any flag of the custom format selects that one."""
    name = str(flags["format"])
    custom = flags.first(*(flag.key for flag in FLAGS if flag.group == "custom"))
    if custom and name not in ("auto", "custom"):
        raise UsageError(f"{custom}: {flags.say('custom_only', format=name)}")
    if custom is None and name != "custom":
        return name
    if not flags["text_path"] and not flags["raw"]:
        raise UsageError(f"--format custom: {flags.say('custom_text')}")
    if flags["error_code_ok"] and not flags["error_code_path"]:
        raise flags.wrong("error_code_ok", "code_path")
    return "custom"


def custom_options(flags: FlagValues) -> dict[str, Any]:
    """The options of the custom format: `fields`, `*_events`, `error_code`, `cumulative`, `raw`; those given."""
    fields = {name: flags[f"{name}_path"] for name in _CUSTOM_FIELDS if flags[f"{name}_path"]}
    events = {
        f"{kind}_events": flags[f"{kind}_event"]
        for kind in ("text", "reasoning", "error", "end")
        if flags[f"{kind}_event"]
    }
    if events:
        fields.setdefault("event", "@event")
    options: dict[str, Any] = {"fields": fields} if fields else {}
    options.update(events)
    if flags["error_code_path"]:
        ok = [0] if flags["error_code_ok"] is None else flags["error_code_ok"]
        options["error_code"] = {"path": flags["error_code_path"], "ok": ok}
    return options | {name: True for name in ("close_ends", "cumulative", "raw") if flags[name]}


def opening_of(flags: FlagValues) -> Opening | None:
    """The request that opens a session, None without --open-url."""
    if not flags["open_url"]:
        return None
    body = {} if flags["open_body"] is None else flags["open_body"]
    return Opening(flags["open_url"].geturl(), body_of_step(body), flags["open_path"])


def following_of(flags: FlagValues) -> Following | None:
    """The GET that fetches the stream, None without --then-url."""
    url = flags["then_url"]
    return Following(url.geturl(), flags["then_path"]) if url else None


def warn_of_thread(flags: FlagValues, row: Format | None, path: str) -> None:
    """A warning when the URL has a thread that will not be used."""
    if row is not None and row.threads and re.search(rf"{row.threads}/[^/{{]", path):
        flag = flags.name("url" if flags["url"] else "api_path")
        flags.warnings.append(flags.say("thread_unused", flag=flag, threads=row.threads))


def check_tokenizer(flags: FlagValues) -> None:
    """Reads the file of --tokenizer, which takes its time, before anything is sent.  UsageError when it is none."""
    if flags["tokenizer"]:
        from ..request.tokens import counter_of  # only here, few runs have one

        flags.load("tokenizer", counter_of)


def stream_options(body: BodyBuilder, query: Query) -> dict[str, Any]:
    """The options of the stream in the request: DashScope's `parameters.incremental_output`."""
    parameters = json.loads(body.build(query)).get("parameters")
    asked_for = parameters.get("incremental_output") if isinstance(parameters, dict) else None
    return {} if asked_for is None else {"incremental_output": asked_for}


def body_row(format_name: str, row: Format | None, guessed: Format | None) -> Format | None:
    """The format whose body is sent when there is no template; None for the default body.

    On Dify's paths it is Dify's body, whatever the format of the stream.  A custom format does not define a request
    body, so it is chosen by the URL first.
    """
    return guessed if guessed is not None and (format_name == "custom" or guessed.name == "dify") else row


def queries_of(flags: FlagValues, *, of_trace: bool) -> QueryProvider:
    """The queries to send: those of a file in order or shuffled, generated ones, or always the same one.

    `of_trace`: they are for a trace, so prompts of the lengths in the trace can be generated as well.
    """
    if flags["shuffle"] and not flags["param_file"]:
        raise flags.wrong("shuffle", "shuffle_alone")
    queries = flags.load_warned("param_file", load_queries) if flags["param_file"] else [Query(flags["query"])]
    if flags["shuffle"]:
        from random import Random  # only here, it costs start-up time

        Random(flags["seed"]).shuffle(queries)  # noqa: S311 - no secret, and the same for every run
    tokens, spread = flags["prompt_tokens"] or (None, 0)
    prompts = Prompts(flags["seed"], tokens, spread, flags["shared_prefix_tokens"] or 0, of_trace)
    return QueryProvider(queries, prompts=prompts)


BODY_FIELDS = {"max_tokens": "limit", "temperature": "temperature", "ignore_eos": "ignore_eos"}
"""Flag -> the attribute of a `Format` that says where its value stands in the body."""


def body_fields(flags: FlagValues, row: Format | None) -> list[tuple[tuple[str, ...], Any]]:
    """(path, value) of the body's fields that flags give; UsageError where requests of `row` have no place for one."""
    found = []
    for key, attribute in BODY_FIELDS.items():
        if key not in flags.given:
            continue
        if row is None:
            raise flags.wrong(key, "field_unknown")
        path: tuple[str, ...] = getattr(row, attribute)
        if not path:
            raise flags.wrong(key, "no_field", name=row.name)
        found.append((path, flags[key]))
    if flags["ignore_eos"] and "max_tokens" not in flags.given:
        raise flags.wrong("ignore_eos", "eos_alone")
    return found


def body_of(flags: FlagValues, row: Format | None, path: str, query: Query) -> BodyBuilder:
    """The request body of `row` at a URL's path, or of a template; `query` is an example of what will fill it."""
    body = BodyBuilder(
        _template(flags),
        row,
        path=path,
        model=flags["model"],
        model_name=flags["model_name"],
        user=flags["user"],
        conversation_id=flags["conversation_id"],
        stream=not flags["no_stream"],
        fields=body_fields(flags, row),
        extra=flags["extra_body"],
    )
    if body.from_template and body.switched:
        flags.warnings.append(
            flags.say("switched", flag=flags.name("no_stream"), names=printable(", ".join(body.switched)))
        )
    if flags["model"] and not body.takes_model:
        flags.warnings.append(flags.say("model_unused", model=printable(flags["model"])))
    if names := body.unfilled(query):
        path = printable(flags["request_body_file"])
        flags.warnings.append(flags.say("unfilled", path=path, names=printable(", ".join(names))))
    return body


def _template(flags: FlagValues) -> dict[str, Any] | None:
    if not flags["request_body_file"]:
        return None
    try:
        template: dict[str, Any] = flags.load("request_body_file", load_template)
    except UsageError as error:
        if flags["strict"]:
            raise
        flags.warnings.append(flags.say("template_fallback", problem=error))
        return None
    return template


def check_whole(flags: FlagValues, row: Format | None, path: str) -> None:
    """UsageError when the format has no whole answers; a warning when the URL requests a stream."""
    if row is None:
        return
    if row.whole is None:
        raise flags.wrong("no_stream", "no_whole", title=row.title)
    if row.whole.path is not None and path.endswith(row.whole.path[0]):
        stream, whole = row.whole.path
        flags.warnings.append(flags.say("stream_path", flag=flags.name("no_stream"), stream=stream, whole=whole))


def check_turns(flags: FlagValues, row: Format | None, body: BodyBuilder, queries: QueryProvider) -> None:
    """UsageError when --turns is given but the requests cannot continue a conversation."""
    if flags["turns"] == 1:
        if flags["think_time"]:
            raise flags.wrong("think_time", "think_alone")
        return
    if not body.carries and body.from_template:
        raise flags.wrong("turns", "no_turns_template")
    if not body.carries:
        formats = ", ".join(name for name, each in FORMATS.items() if each.carries)
        raise flags.wrong("turns", "no_turns", name=row.name if row else "auto", formats=formats)
    if body.carries == "id" and row is FORMATS["custom"] and not flags["conversation_id_path"]:
        raise flags.wrong("turns", "no_turns_id")
    if all(query.later == () for query in queries.queries):
        raise flags.wrong("turns", "no_turns_asked", file=flags.name("param_file"))
