"""The flags of `serve` and their help.

The settings themselves, with their bounds, are those of `chat_server.settings`, which needs packages that a load tester
does without; a test holds this table against them.
"""

from __future__ import annotations

from . import checks
from .table import FLAGS, Flag


def _setting(name: str, metavar: str, default: object = None) -> Flag:
    return Flag((name,), "serve", checks.any_text, metavar, default)


SERVE_FLAGS = (
    _setting("--host", "HOST", "127.0.0.1"),
    _setting("--port", "PORT", 8000),
    _setting("--allowed-hosts", "NAMES"),
    _setting("--cors-origins", "ORIGINS"),
    Flag(("--reload",), "serve"),
    Flag(("--debug",), "serve"),
    _setting("--log-level", "LEVEL", "INFO"),
    _setting("--response-delay", "S", 0.3),
    _setting("--token-delay", "S", 0.03),
    Flag(("--agent",), "serve"),
    _setting("--tool-delay", "S", 0.25),
    _setting("--jitter", "SHARE", 0.2),
    _setting("--error-rate", "SHARE", 0.0),
    _setting("--answer-tokens", "N", 0),
    _setting("--max-history-length", "N", 20),
    _setting("--max-conversations", "N", 10_000),
    _setting("--max-conversations-bytes", "BYTES", 64 * 1024 * 1024),
    _setting("--conversation-idle-timeout", "S", 1800.0),
    _setting("--max-concurrent-connections", "N", 1000),
    _setting("--receive-timeout", "S", 20.0),
    _setting("--request-timeout", "S", 300.0),
    _setting("--sse-keepalive-timeout", "S", 10.0),
    _setting("--sse-reconnect-delay", "MS", 3000),
    _setting("--shutdown-grace", "S", 5.0),
    Flag(("--faults",), "serve"),
    _setting("--fault", "FAULTS"),
    *(flag for flag in FLAGS if flag.key in ("lang", "help")),
)

SERVE_HELP = {
    "host": ("address to listen on", "监听地址"),
    "port": ("port to listen on, 0 for any free one", "监听端口，0 表示任一空闲端口"),
    "allowed_hosts": (
        "names besides localhost that requests may be for, separated by commas; * for any",
        "除 localhost 外允许请求的主机名，用逗号分隔；* 表示任意",
    ),
    "cors_origins": (
        "origins whose pages may use the server, e.g. https://a.example, or * for any",
        "允许其页面使用本服务的来源，如 https://a.example；* 表示任意",
    ),
    "reload": ("start again when the code of the server changes", "服务代码改动时自动重启"),
    "debug": (
        "log at level DEBUG, readable, and allow faults on demand",
        "以 DEBUG 级别输出易读的日志，并允许按需制造故障",
    ),
    "log_level": (
        "least level that is logged: DEBUG, INFO (a line a request), WARNING or ERROR",
        "最低日志级别：DEBUG、INFO（每个请求一行）、WARNING 或 ERROR",
    ),
    "response_delay": ("seconds before the first token", "首个 token 前的秒数"),
    "token_delay": ("seconds between two tokens", "两个 token 之间的秒数"),
    "agent": (
        "answer as an agent: reasoning, two tool calls, steps, then text",
        "以智能体方式回答：思考、两次工具调用、步骤，然后是正文",
    ),
    "tool_delay": ("seconds that each tool of an agent works", "智能体每个工具执行的秒数"),
    "jitter": ("share by which each delay varies, evenly, up and down", "每个延迟上下均匀浮动的比例"),
    "error_rate": ("share of answers that break off with an error", "中途报错的回答比例"),
    "answer_tokens": (
        "tokens of each answer, 0 for as many as the script has",
        "每个回答的 token 数，0 表示按脚本自身长度",
    ),
    "max_history_length": (
        "messages that a conversation keeps, questions and answers",
        "会话保留的消息数（问与答合计）",
    ),
    "max_conversations": (
        "conversations kept at once; above it the one idle longest goes",
        "同时保留的会话数，超出时移除闲置最久的",
    ),
    "max_conversations_bytes": (
        "memory of all conversations; above it the one idle longest goes, then the oldest messages",
        "全部会话占用的内存，超出时先移除闲置最久的会话，再移除最早的消息",
    ),
    "conversation_idle_timeout": (
        "seconds after which a conversation that nobody continues is removed",
        "无人继续的会话在多少秒后移除",
    ),
    "max_concurrent_connections": (
        "answers given at once; a request above it gets 503 with Retry-After",
        "同时进行的回答数，超出的请求得到 503 与 Retry-After",
    ),
    "receive_timeout": (
        "seconds that the head of a request may take, and then its body",
        "接收请求头的最长秒数，请求体亦然",
    ),
    "request_timeout": (
        "seconds that an answer may take; then it ends with an error",
        "回答的最长秒数，超出则以错误结束",
    ),
    "sse_keepalive_timeout": ("seconds between two pings in a stream, 0 for none", "流中两次心跳间的秒数，0 表示不发"),
    "sse_reconnect_delay": (
        "milliseconds, sent as `retry:` at the beginning of a `/chat` stream",
        "`/chat` 流开头 `retry:` 中的毫秒数",
    ),
    "shutdown_grace": (
        "seconds that running answers get to finish when the server is stopped",
        "停止服务时，等待进行中的回答结束的秒数",
    ),
    "faults": ("allow faults on demand: the header `X-Fault`", "允许按需制造故障：请求头 `X-Fault`"),
    "fault": (
        "faults of answers whose request asks for none, as in `X-Fault`; needs FAULTS or DEBUG",
        "对未指定故障的请求施加的故障，写法同 `X-Fault`；需 FAULTS 或 DEBUG",
    ),
}
"""Flag key -> (English, Chinese)."""
