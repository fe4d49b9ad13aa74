"""Texts of the shape of streams."""

from __future__ import annotations

from ...texts import Texts

TEXTS: Texts = {
    "section.shape": ("Stream shape", "流的形态"),
    "section.shape_of": ("Stream shape: {kind}", "流的形态：{kind}"),
    "kind.smooth": ("smooth", "平滑"),
    "kind.multi_token": ("several tokens per chunk", "每块多个 token"),
    "kind.bursts": ("bursts", "成批"),
    "kind.buffered": ("buffered on the way", "途中被缓冲"),
    "kind.whole": ("whole answers at once", "整段到达"),
    "kind.unknown": ("unknown", "无法判断"),
    "stream.smooth": (
        "Chunks came one by one: {tokens} tokens per chunk, {reads} chunks per read.",
        "数据块逐个到达：每块 {tokens} 个 token，每次读取 {reads} 块。",
    ),
    "stream.multi_token": (
        "A chunk has {tokens} tokens on average; {reads} chunks per read.",
        "每个数据块平均含 {tokens} 个 token，每次读取 {reads} 块。",
    ),
    "stream.bursts": (
        "{lumped} of chunks came in bursts of {chunks} chunks each, {gap} apart, always whole events.",
        "{lumped} 的数据块成批到达，每批 {chunks} 块，相隔 {gap}，均为完整事件。",
    ),
    "stream.buffered": (
        "{lumped} of chunks came in groups of about {size}, {gap} apart; {cut} of the groups ended within an event.",
        "{lumped} 的数据块成组到达，每组约 {size}，相隔 {gap}；{cut} 的组断在事件中间。",
    ),
    "stream.whole": ("{share} of answers came all at once.", "{share} 的回答整段一次到达。"),
    "stream.unknown": (
        "The answers are too short to tell: {tokens} tokens per chunk, {reads} chunks per read.",
        "回答太短，无法判断：每块 {tokens} 个 token，每次读取 {reads} 块。",
    ),
    "stream.unknown_late": (
        "{lumped} of chunks came together with others, {gap} apart, as when this client or the network is late.",
        "{lumped} 的数据块与其他块同时到达，相隔 {gap}，如同本机或网络滞后时那样，因此无法判断。",
    ),
    "stream.buffered_events": (
        "{lumped} of chunks came in groups of about {size}, {gap} apart, larger groups later, always whole events.",
        "{lumped} 的数据块成组到达，每组约 {size}，相隔 {gap}，组越大来得越晚，均为完整事件。",
    ),
    "stream_advice.multi_token": (
        "So the gaps between chunks (ITL) are not gaps between tokens: see TPOT.",
        "因此块间隔（ITL）不是 token 间隔：请看 TPOT。",
    ),
    "short_stream.multi_token": ("{tokens} tokens per chunk", "每块 {tokens} 个 token"),
    "short_stream.bursts": ("in bursts of {chunks} chunks, {gap} apart", "成批到达，每批 {chunks} 块，相隔 {gap}"),
    "short_stream.buffered": (
        "held back, in lumps of about {size}, {gap} apart",
        "成团到达，每团约 {size}，相隔 {gap}",
    ),
    "short_stream.whole": ("answers came all at once, not as streams", "回答整段到达，并非流式"),
    "short_stream.unknown": (
        "unknown: this client or the network is late",
        "无法判断：本机或网络滞后",
    ),
    "stream.tokens_per_chunk": ("Tokens per chunk", "每块 token"),
    "stream.chunks_per_read": ("Chunks per read", "每次读取的块"),
    "stream.share_in_lumps": ("Chunks in groups", "成组的块"),
    "stream.chunks_per_lump": ("Chunks per group", "每组的块"),
    "stream.lump_bytes": ("Size of a group", "每组大小"),
    "stream.lump_gap": ("Time between groups", "组间隔"),
    "stream.answers_steady": ("Answers, steady", "均匀的回答"),
    "stream.answers_bursts": ("Answers in bursts", "成批的回答"),
    "stream.answers_buffered": ("Answers buffered", "被缓冲的回答"),
    "stream.answers_joined": ("Answers joined here or on the way", "被本机或途中合并的回答"),
    "stream.answers_whole": ("Answers at once", "整段的回答"),
    "stream.answers_short": ("Answers too short to tell", "过短的回答"),
    "stalls": (
        "{n} ({share}) stalled for over {limit} at least once; {time} of streaming time was beyond that limit.",
        "{n}（{share}）至少停顿过一次超过 {limit}；超出部分占全部流式时间的 {time}。",
    ),
    "stalls.none": ("No answer stalled for over {limit}.", "没有回答停顿超过 {limit}。"),
    "short_stalls": ("{n} ({share}) with a gap over {limit}", "{n}（{share}）有超过 {limit} 的停顿"),
    "edges": (
        "Ramp-up and drain lower the rate: {whole} {unit} over the run, {full} at full load (second {begin} to {end}).",
        "启动与排空拉低了速率：整个测试为 {whole} {unit}，满载时（第 {begin} 至 {end} 秒）为 {full}。",
    ),
}
