"""Texts on what may have buffered a stream, and what to do about it."""

from __future__ import annotations

from ...texts import Texts

TEXTS: Texts = {
    "advice.bursts": (
        "The server sends several at a time (speculative decoding, a timer), or something on the way collects events.",
        "服务端一次发送多块（投机解码、定时发送），或途中有组件在攒事件。",
    ),
    "advice.bursts_here": (
        "The server sends several at a time (speculative decoding, a timer).",
        "服务端一次发送多块（投机解码、定时发送）。",
    ),
    "advice.buffered": (
        "A proxy between you and the model is buffering: try `proxy_buffering off`, `X-Accel-Buffering: no`, no gzip.",
        "你与模型之间的代理在缓冲：可试 `proxy_buffering off`、`X-Accel-Buffering: no` 或关闭 gzip。",
    ),
    "advice.buffered_here": (
        "The server fills a buffer before it sends: let it flush behind each event.",
        "服务端先填满缓冲区再发送：请在每个事件后刷新（flush）。",
    ),
    "advice.buffered_events": (
        "A proxy is buffering (try `proxy_buffering off`, `X-Accel-Buffering: no`, no gzip), or the server lacks CPU.",
        "代理在缓冲（可试 `proxy_buffering off`、`X-Accel-Buffering: no` 或关闭 gzip），或服务器 CPU 不足。",
    ),
    "advice.buffered_events_here": (
        "The server collects events before it sends them, or lacks CPU.",
        "服务端攒够事件才发送，或 CPU 不足。",
    ),
    "advice.whole": (
        "The service ends its answer before it sends it, or a proxy holds it back (try `proxy_buffering off`).",
        "服务先生成完整回答再发送，或代理将其扣住（可试 `proxy_buffering off`）。",
    ),
    "advice.whole_here": (
        "The service ends its answer before it sends it.",
        "服务先生成完整回答再发送。",
    ),
    "advice.sized": (
        "The head tells the length of the body: whoever sent it had all of it by then.",
        "响应头给出了正文长度：发送方当时已拿到全部内容。",
    ),
    "advice.this_machine": (
        "This machine was too busy to tell who did it: see the reasons of its verdict, and try again when it is calm.",
        "本机过于繁忙，无法判断是谁造成的：请看可信度的原因，待本机空闲后再试。",
    ),
    "advice.caddy_encode": (
        "caddy's `encode` compresses and holds it: leave text/event-stream out of it (its `match`).",
        "caddy 的 `encode` 在压缩并扣住它：请将 text/event-stream 排除在外（用其 `match`）。",
    ),
    "advice.nginx_gzip": (
        "nginx compresses and holds it: take text/event-stream out of `gzip_types`, or set `proxy_buffering off`.",
        "nginx 在压缩并扣住它：请将 text/event-stream 移出 `gzip_types`，或设置 `proxy_buffering off`。",
    ),
    "advice.apache_deflate": (
        "Apache's mod_deflate compresses it: `SetEnvIf Request_URI ... no-gzip`, or no DEFLATE for text/event-stream.",
        "Apache 的 mod_deflate 在压缩它：可设 `SetEnvIf Request_URI ... no-gzip`，或不对 text/event-stream 压缩。",
    ),
    "advice.varnish_gzip": (
        "Varnish compresses it: `set beresp.do_gzip = false` and `set beresp.do_stream = true` for event streams.",
        "Varnish 在压缩它：请对事件流设置 `set beresp.do_gzip = false` 和 `set beresp.do_stream = true`。",
    ),
    "advice.express_compression": (
        "Express's `compression` holds it: `res.flush()` behind each event, or a `filter` without text/event-stream.",
        "Express 的 `compression` 扣住了它：请在每个事件后 `res.flush()`，或用 `filter` 排除 text/event-stream。",
    ),
    "advice.compressed": (
        "It came compressed, and compression gathers text: switch it off for text/event-stream.",
        "它经过压缩，而压缩会积攒文本：请对 text/event-stream 关闭压缩。",
    ),
    "advice.lighttpd": (
        "lighttpd takes the whole answer in before it sends it: set `server.stream-response-body = 1`.",
        "lighttpd 先收完整个回答再发送：请设置 `server.stream-response-body = 1`。",
    ),
    "advice.nginx_tls": (
        "nginx over TLS gathers 16 KiB (HTTP/1.1): `proxy_buffering off`, `X-Accel-Buffering: no`, HTTP/2.",
        "nginx 在 TLS 上（HTTP/1.1）攒满 16 KiB：`proxy_buffering off`、`X-Accel-Buffering: no`、HTTP/2。",
    ),
    "advice.nginx": (
        "nginx is buffering: `proxy_buffering off`, or `X-Accel-Buffering: no` from the service, and no gzip.",
        "nginx 在缓冲：请设置 `proxy_buffering off`，或由服务返回 `X-Accel-Buffering: no`，并关闭 gzip。",
    ),
    "advice.apache": (
        "Apache may be buffering: `flushpackets=on` on the ProxyPass, and no mod_deflate for text/event-stream.",
        "可能是 Apache 在缓冲：请在 ProxyPass 上设 `flushpackets=on`，且不对 text/event-stream 使用 mod_deflate。",
    ),
    "advice.varnish": (
        "Varnish may hold it: `set beresp.do_stream = true`, and `return (pass)` for event streams.",
        "可能是 Varnish 扣住了它：请对事件流设置 `set beresp.do_stream = true` 并 `return (pass)`。",
    ),
    "advice.caddy": (
        "caddy may hold it: `flush_interval -1` in `reverse_proxy`, and no `encode` for text/event-stream.",
        "可能是 caddy 扣住了它：请在 `reverse_proxy` 中设 `flush_interval -1`，且不对 text/event-stream 压缩。",
    ),
    "advice.proxy_named": (
        "A proxy stands between you and the model (see the server in the facts): switch its buffering off.",
        "你与模型之间有代理（见事实中的服务端）：请关闭其缓冲。",
    ),
    "advice.sync_generator": (
        "An async server runs a sync generator to its end first (Django under ASGI does): make it an async generator.",
        "异步服务会先把同步生成器运行完（如 ASGI 下的 Django）：请改用异步生成器。",
    ),
    "advice.corked": (
        "200 ms is how long Linux holds data when the sender says that more follows: haproxy's `option http-no-delay`.",
        "200 ms 是 Linux 在发送方声明“还有数据”时的等待时长：haproxy 请设 `option http-no-delay`。",
    ),
    "advice.corked_first": (
        "The first ones were held some 200 ms, as haproxy holds them: there `option http-no-delay`.",
        "最先的数据被扣住约 200 ms，正如 haproxy 所为：请设 `option http-no-delay`。",
    ),
    "advice.nagle": (
        "40 ms is the delayed acknowledgement of TCP: try TCP_NODELAY at the server.",
        "40 ms 是 TCP 延迟确认的时长：可在服务端设置 TCP_NODELAY。",
    ),
}
