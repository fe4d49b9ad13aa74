"""Every word of the report in English and Chinese, for the Python that writes the page and the script that runs in it.

Keys of outcomes and metrics are their own names behind `outcome.` and `metric.`; a metric has a short name, and what it
measures behind `about.`.
"""

from __future__ import annotations

from html import escape
from typing import Any

from ..texts import Texts

TEXTS: Texts = {
    # header
    "report": ("Load test report", "压力测试报告"),
    "compare_report": ("Comparison of load tests", "压力测试对比"),
    "switch_language": ("中文", "English"),
    "theme": ("Light or dark", "浅色或深色"),
    "print": ("Print", "打印"),
    "skip": ("Skip to the results", "跳到结果"),
    "noscript": (
        "The charts need JavaScript. Figures and tables stand without it.",
        "图表需要 JavaScript；数字与表格不受影响。",
    ),
    "no_library": (
        "The charts could not be loaded: this page links Chart.js and there is no network.",
        "图表未能加载：本页链接 Chart.js，而当前没有网络。",
    ),
    "made_by": ("Made by sse-perf {version}", "由 sse-perf {version} 生成"),
    "definitions": (
        "Percentiles interpolate linearly between closest ranks; with fewer than 100/(100−p) samples they are n/a.",
        "百分位数按最近秩线性插值；样本少于 100/(100−p) 的百分位数显示为 n/a。",
    ),
    # facts
    "target": ("Target", "目标"),
    "model": ("Model", "模型"),
    "format": ("Format", "格式"),
    "command": ("Command", "命令"),
    "started": ("Started", "开始时间"),
    "duration": ("Duration", "时长"),
    "load": ("Load", "负载"),
    "version": ("Version", "版本"),
    "host": ("Sent from", "发压主机"),
    "tokens_from": ("Tokens counted by", "Token 来源"),
    "tokens.usage": ("the server's usage figures", "服务器返回的 usage"),
    "tokens.tokenizer": ("a local tokenizer", "本地分词器"),
    "tokens.estimate": ("estimate from the text", "按文本估算"),
    "tokens.mixed": ("usage where given, else another way", "优先 usage，其余另行计算"),
    # verdict
    "all_ok": ("All {n} succeeded", "{n}全部成功"),
    "some_ok": ("{share} of {n} succeeded", "{n}中 {share} 成功"),
    "one_ok": ("The request succeeded", "请求成功"),
    "one_failed": ("The request failed", "请求失败"),
    "none_ok": ("None of {n} succeeded", "{n}无一成功"),
    "nothing_measured": ("No request ended ok, so there are no times to show.", "没有成功的请求，因此没有耗时数据。"),
    "nothing_sent": ("No request came to an end", "没有任何请求完成"),
    "requests.one": ("{n} request", "{n} 个请求"),
    "requests.many": ("{n} requests", "{n} 个请求"),
    "threads.one": ("{n} thread", "{n} 个线程"),
    "threads.many": ("{n} threads", "{n} 个线程"),
    "tested": (
        "{threads} sent {requests} to {target} within {duration}.",
        "{threads}在 {duration} 内向 {target} 发送了 {requests}。",
    ),
    "tested_model": (
        "{threads} sent {requests} for the model {model} to {target} within {duration}.",
        "{threads}在 {duration} 内向 {target} 的模型 {model} 发送了 {requests}。",
    ),
    "began": (
        "Half of the answers began within {p50}, 99 % within {p99}; the median answer was complete after {latency}.",
        "一半的回答在 {p50} 内出现首个 Token，99 % 在 {p99} 内；回答完成的中位时间为 {latency}。",
    ),
    "began_few": (
        "Half of the answers began within {p50}; the median answer was complete after {latency}.",
        "一半的回答在 {p50} 内出现首个 Token；回答完成的中位时间为 {latency}。",
    ),
    "pace": (
        "The target delivered {tokens} tokens/s at {rps} requests/s.",
        "系统吞吐为 {tokens} Token/s，{rps} 请求/s。",
    ),
    "interrupted": (
        "The run was interrupted; the figures cover what had finished.",
        "测试被中断，数据仅涵盖已完成的部分。",
    ),
    "partial": (
        "A process of the tool was lost; its requests are missing.",
        "本工具的一个进程中途丢失，缺少它的请求。",
    ),
    "cancelled": ("Not counted: {n} cancelled at the end.", "不计入数据：结束时被取消的 {n}。"),
    "look_next": ("What to look at next", "接下来看什么"),
    "look.nothing": ("Nothing stands out. Raise the load to find the limit.", "没有异常。可以加大压力以寻找上限。"),
    "look.failed": ("{n} failed, most often as “{outcome}”.", "{n}失败，最常见的是“{outcome}”。"),
    "look.retried": (
        "{n} needed a retry; their times include the failed attempts.",
        "{n}经过重试才有结果，其耗时包含失败的尝试。",
    ),
    "look.tail": (
        "The slowest 1 % of first tokens took {ratio} times the median. See when.",
        "最慢 1 % 的首 Token 耗时是中位数的 {ratio} 倍，看看出现在何时。",
    ),
    "look.drift": (
        "First tokens took {ratio} times as long in the last fifth of the run as in the first.",
        "最后五分之一时段的首 Token 耗时是最初五分之一的 {ratio} 倍。",
    ),
    "look.stall": (
        "One answer in a hundred stood still for {gap} or more between two chunks.",
        "每百个回答中有一个在两个数据块之间停顿 {gap} 以上。",
    ),
    "look.few": (
        "Only {n} finished: the 99th percentile needs 100.",
        "仅完成 {n}：P99 需要 100 个样本。",
    ),
    "look.estimate": (
        "Tokens are estimated from the text because the server reported none: compare such runs with each other only.",
        "服务器未返回 Token 数，按文本估算：只宜与同类结果相互比较。",
    ),
    # big figures
    "big.requests": ("Requests", "请求数"),
    "big.success": ("Success rate", "成功率"),
    "big.ttft_p50": ("TTFT, median", "TTFT 中位数"),
    "big.ttft_p99": ("TTFT, P99", "TTFT P99"),
    "big.tpot": ("TPOT, median", "TPOT 中位数"),
    "big.latency": ("Response time, median", "响应时间中位数"),
    "big.tokens": ("Output tokens", "输出 Token"),
    "big.rps": ("Requests per second", "每秒请求数"),
    "of_n": ("n = {n}", "n = {n}"),
    "ok_n": ("{n} ok", "成功 {n}"),
    "failed_n": ("{n} failed", "失败 {n}"),
    "total_n": ("{n} in total", "共 {n}"),
    "cancelled_n": ("{n} cancelled", "取消 {n}"),
    "tokens_unit": ("tokens/s", "Token/s"),
    "rps_unit": ("req/s", "请求/s"),
    "na": ("n/a", "n/a"),
    # problems
    "warnings": ("Warnings", "警告"),
    "errors": ("Errors by kind", "错误分类"),
    "no_errors": ("No request failed.", "没有请求失败。"),
    "error_example": ("e.g. request {n}", "例如请求 {n}"),
    "outcome": ("Outcome", "结果"),
    "message": ("Message", "信息"),
    "example": ("Example", "示例"),
    "share": ("Share", "占比"),
    # outcomes
    "outcome.ok": ("ok", "成功"),
    "outcome.cancelled": ("cancelled", "已取消"),
    "outcome.connect_error": ("connection failed", "连接失败"),
    "outcome.tls_error": ("TLS failed", "TLS 失败"),
    "outcome.timeout": ("timeout", "超时"),
    "outcome.idle_timeout": ("idle timeout", "空闲超时"),
    "outcome.http_error": ("HTTP error", "HTTP 错误"),
    "outcome.in_stream_error": ("error inside the stream", "流内错误"),
    "outcome.truncated": ("truncated", "回答被截断"),
    "outcome.empty": ("empty answer", "空回答"),
    "outcome.malformed": ("malformed", "格式错误"),
    "outcome.not_a_stream": ("not a stream", "不是流式响应"),
    # tables
    "metrics": ("All metrics", "全部指标"),
    "metric": ("Metric", "指标"),
    "unit": ("Unit", "单位"),
    "mean": ("Mean", "平均"),
    "stddev": ("Std dev", "标准差"),
    "min": ("Min", "最小"),
    "max": ("Max", "最大"),
    "count": ("Count", "样本数"),
    "by_turn": ("By turn of the conversation, times in ms", "按会话轮次（时间单位 ms）"),
    "turn": ("Turn", "轮次"),
    "turn.ok": ("ok", "成功"),
    "turn.ttft_mean": ("TTFT mean", "TTFT 平均"),
    "turn.ttft_p50": ("TTFT P50", "TTFT P50"),
    "turn.ttft_p95": ("TTFT P95", "TTFT P95"),
    "turn.latency_mean": ("Response mean", "响应 平均"),
    "turn.latency_p50": ("Response P50", "响应 P50"),
    "turn.latency_p95": ("Response P95", "响应 P95"),
    "turn.tokens": ("Tokens mean", "token 平均"),
    "think_n": ("think time {n} s", "思考 {n} 秒"),
    "turns_n": ("{n} turns a conversation", "每个会话 {n} 轮"),
    "outcomes_table": ("By status and outcome", "按状态码与结果"),
    "status": ("HTTP status", "HTTP 状态码"),
    "slowest": ("Slowest requests", "最慢的请求"),
    "by_thread": ("By thread", "按线程"),
    "thread": ("Thread", "线程"),
    "all_threads": ("All", "全部"),
    "requests": ("Requests", "请求数"),
    "failed": ("Failed", "失败"),
    "request": ("Request", "请求"),
    "retries": ("Retries", "重试"),
    "tokens": ("Tokens", "Token"),
    "prompt_tokens": ("Prompt tokens", "输入 Token"),
    "show_all": ("Show all {n}", "显示全部 {n} 行"),
    "by_thread_note": (
        "Means and percentiles of ok requests; the last row is made from all requests, not from the rows above.",
        "均值与百分位数仅含成功请求；末行由全部请求计算，而非由各行平均。",
    ),
    "metric.ttfb_ms": ("TTFB", "TTFB"),
    "metric.ttft_ms": ("TTFT", "TTFT"),
    "metric.ttfa_ms": ("TTFA", "TTFA"),
    "metric.itl_ms": ("ITL", "ITL"),
    "metric.tpot_ms": ("TPOT", "TPOT"),
    "metric.latency_ms": ("Response time", "响应时间"),
    "metric.streaming_ms": ("Streaming time", "流式时长"),
    "metric.tokens_per_s": ("Throughput", "吞吐"),
    "metric.max_gap_ms": ("Longest gap", "最长间隔"),
    "metric.connect_ms": ("Connect", "建立连接"),
    "metric.tls_ms": ("TLS handshake", "TLS 握手"),
    "metric.dns_ms": ("DNS lookup", "DNS 解析"),
    "metric.schedule_delay_ms": ("Schedule delay", "调度延迟"),
    "metric.ttft_from_schedule_ms": ("TTFT from schedule", "TTFT（自计划时刻）"),
    "metric.latency_from_schedule_ms": ("Response time from schedule", "响应时间（自计划时刻）"),
    "about.ttfb_ms": ("start to first byte", "发起到首字节"),
    "about.ttft_ms": ("start to first token, reasoning included", "发起到首个 Token（含思考）"),
    "about.ttfa_ms": ("start to first visible answer text", "发起到首个可见回答"),
    "about.itl_ms": ("gaps between chunks, all answers pooled", "数据块间隔，全部回答合并"),
    "about.tpot_ms": ("time per token after the first", "首个之后每 Token 耗时"),
    "about.latency_ms": ("start to end of the answer", "发起到回答结束"),
    "about.streaming_ms": ("first byte to last byte", "首字节到末字节"),
    "about.tokens_per_s": ("tokens per second of streaming, per answer", "单个回答流式期间每秒 Token"),
    "about.max_gap_ms": ("longest stall inside an answer", "回答内最长停顿"),
    "about.connect_ms": ("TCP, new connections only", "TCP，仅新连接"),
    "about.tls_ms": ("new connections only", "仅新连接"),
    "about.dns_ms": ("new connections only", "仅新连接"),
    "about.schedule_delay_ms": ("intended start to start", "计划发起到实际发起"),
    "about.ttft_from_schedule_ms": ("intended start to first token", "计划发起到首个 Token"),
    "about.latency_from_schedule_ms": ("intended start to end of the answer", "计划发起到回答结束"),
    # chart page controls
    "time_range": ("Time range", "时间范围"),
    "from": ("from", "从"),
    "to": ("to", "到"),
    "seconds": ("s", "秒"),
    "apply": ("Apply", "应用"),
    "reset": ("Whole run", "整个测试"),
    "zoom_hint": (
        "Drag to zoom all time charts, double click for the whole run. Keyboard: arrows move, + and − zoom, 0 resets.",
        "在图上拖动可同步缩放所有时间图，双击恢复。键盘：方向键移动，+ 和 − 缩放，0 恢复。",
    ),
    "downloads": ("Download", "下载"),
    "csv_requests": ("Requests (CSV)", "请求（CSV）"),
    "csv_seconds": ("Seconds (CSV)", "每秒数据（CSV）"),
    "json_all": ("Everything (JSON)", "全部（JSON）"),
    "json_again": ("Settings (JSON)", "设置（JSON）"),
    "again": ("Run again", "重新运行"),
    "again_how": (
        "Save these settings as again.json and run with --config again.json; give secrets that are masked (…) anew.",
        "将以下设置保存为 again.json，并用 --config again.json 运行；被隐藏的机密（…）需重新给出。",
    ),
    "log_scale": ("Log scale", "对数坐标"),
    "few_samples": ("Too few requests for percentiles", "请求太少，无法给出百分位数"),
    "no_data": ("Not measured in this run", "本次测试未测得"),
    # chart sections
    "section.load": ("Load and throughput", "负载与吞吐"),
    "section.tails": ("Percentiles over time", "百分位数变化"),
    "section.spread": ("Distributions", "分布"),
    "section.requests": ("Every request", "每个请求"),
    "section.flow": ("Request timelines", "请求时间线"),
    # charts
    "chart.rps": ("Requests per second", "每秒请求数"),
    "chart.threads": ("Threads", "线程数"),
    "chart.system_tokens": ("System output", "系统输出"),
    "chart.avg_latency": ("Average times", "平均耗时"),
    "chart.avg_tpot": ("Average TPOT", "平均 TPOT"),
    "chart.total": ("Requests so far", "累计请求数"),
    "chart.errors": ("Errors by kind", "错误分类"),
    "chart.ttft_percentiles": ("TTFT percentiles", "TTFT 百分位数"),
    "chart.latency_percentiles": ("Response time percentiles", "响应时间百分位数"),
    "chart.ttft_spread": ("Distribution of TTFT", "TTFT 分布"),
    "chart.latency_spread": ("Distribution of response time", "响应时间分布"),
    "chart.gap_spread": ("Distribution of gaps between chunks", "数据块间隔分布"),
    "chart.gap_heat": ("Gaps between chunks over time", "数据块间隔热力图"),
    "chart.ttft": ("TTFT", "TTFT"),
    "chart.ttfb": ("TTFB", "TTFB"),
    "chart.tpot": ("TPOT", "TPOT"),
    "chart.rate": ("Throughput per answer", "单个回答吞吐"),
    "chart.latency": ("Response time", "响应时间"),
    "chart.tokens": ("Tokens per answer", "单个回答 Token 数"),
    "chart.waterfall": ("Waterfall", "瀑布图"),
    "chart.ttft_concurrency": ("TTFT against concurrency", "TTFT 与并发"),
    "chart.latency_concurrency": ("Response time against concurrency", "响应时间与并发"),
    # series
    "series.done": ("finished", "完成"),
    "series.started": ("started", "发起"),
    "series.failed": ("failed", "失败"),
    "series.cancelled": ("cancelled", "已取消"),
    "series.active": ("active", "活跃"),
    "series.threads": ("started threads", "已启动"),
    "series.tokens": ("tokens/s", "Token/s"),
    "series.chunks": ("chunks/s", "数据块/s"),
    "series.latency": ("response time", "响应时间"),
    "series.ttft": ("TTFT", "TTFT"),
    "series.ttfb": ("TTFB", "TTFB"),
    "series.tpot": ("TPOT", "TPOT"),
    "series.total": ("finished", "完成"),
    "series.ok": ("ok", "成功"),
    "series.unmeasured": ("failed before it", "此前已失败"),
    "series.count": ("count", "数量"),
    "series.cumulative": ("cumulative share", "累计占比"),
    "series.wait": ("to first token", "到首个 Token"),
    "series.stream": ("streaming", "流式输出"),
    "series.p50": ("P50", "P50"),
    "series.p90": ("P90", "P90"),
    "series.p99": ("P99", "P99"),
    # units on charts
    "unit.ms": ("ms", "ms"),
    "unit.per_s": ("per second", "每秒"),
    "unit.threads": ("threads", "线程"),
    "unit.requests": ("requests", "请求"),
    "unit.tokens": ("tokens", "Token"),
    "unit.tokens_per_s": ("tokens/s", "Token/s"),
    "unit.answers": ("answers", "回答"),
    "unit.gaps": ("gaps", "间隔"),
    "unit.in_flight": ("requests in flight when it began", "发起时的在途请求数"),
    # notes under charts
    "note.sampled": (
        "Shows {shown} of {total} requests: extremes and failures of each slice of the run, others evenly spaced.",
        "显示 {total} 个请求中的 {shown} 个：各时段的极值与部分失败请求，以及等距抽取的其余请求。",
    ),
    "note.by_start": ("Placed at the start of each request.", "横轴为请求发起时刻。"),
    "note.seconds_sampled": (
        "Shows {shown} of {total} seconds, the lowest and highest of every figure among them.",
        "显示 {total} 秒中的 {shown} 秒，其中包含每项的最低与最高值。",
    ),
    "note.step": ("Each point covers {step} s of finished requests.", "每点涵盖 {step} 秒内完成的请求。"),
    "note.p99_missing": ("P99 needs 100 requests in a point.", "P99 每点需要 100 个请求。"),
    "note.spread": ("From all {n}.", "基于全部 {n}。"),
    "note.geometric": ("Bins grow by a fixed ratio.", "各区间宽度按固定比例增长。"),
    "note.heat": (
        "Darker is more gaps. Each cell covers {step} s; its height is half an octave.",
        "颜色越深，间隔越多。每格涵盖 {step} 秒，高度为半个倍频程。",
    ),
    "note.heat_dark": (
        "Brighter is more gaps. Each cell covers {step} s; its height is half an octave.",
        "颜色越亮，间隔越多。每格涵盖 {step} 秒，高度为半个倍频程。",
    ),
    "note.waterfall": (
        "Select a bar for its times, ids, query and error.",
        "点击条形可查看时间、ID、提问与错误。",
    ),
    "note.concurrency": ("Lines are from all ok requests.", "曲线基于全部成功请求。"),
    "waterfall.pick": ("Show", "显示"),
    "waterfall.slowest": ("the slowest", "最慢的"),
    "waterfall.spread": ("evenly spaced ones", "等距抽取"),
    "waterfall.failed": ("failed ones", "失败的"),
    "waterfall.clock": ("Time axis", "时间轴"),
    "waterfall.run": ("of the run", "测试时间"),
    "waterfall.own": ("from each request's start", "各请求自身起点"),
    # comparison
    "compared": ("{other} against {base}", "{other} 对比 {base}"),
    "compare_headline": ("{better} better, {worse} worse", "{better} 项更好，{worse} 项更差"),
    "compare_nothing": ("No difference shown", "未显示差异"),
    "compare_few": ("Too few samples to tell", "样本太少，无法判断"),
    "compare_verdict": (
        "Of {n} figures {better} are better, {worse} are worse; for {same} no difference is shown.",
        "{n} 项数据中，{better} 项更好，{worse} 项更差，{same} 项未显示差异。",
    ),
    "compare_unlike": ("The runs differ in: {names}.", "各次测试的设置不同：{names}。"),
    "compare_note": (
        "95 % intervals by bootstrap over the requests of each run, over its seconds for rates.",
        "95 % 区间由对各次测试的请求做自助重抽样得到，速率按秒重抽样。",
    ),
    "compare_limits": (
        "They do not know what differs from one run to the next, and one figure in twenty differs by chance: repeat.",
        "区间不含多次测试之间的波动，且每二十项中约有一项因偶然而不同：请重复测试。",
    ),
    "runs": ("Runs side by side", "各次测试并列"),
    "run": ("Run", "测试"),
    "figure": ("Figure", "指标"),
    "difference": ("Difference", "差值"),
    "relative": ("Relative", "相对"),
    "interval": ("95 % interval", "95 % 区间"),
    "judgement": ("Judgement", "判断"),
    "word.better": ("better", "更好"),
    "word.worse": ("worse", "更差"),
    "word.same": ("no difference shown", "未显示差异"),
    "word.unknown": ("too few samples", "样本不足"),
    "metric.success_rate": ("Success rate", "成功率"),
    "metric.requests_per_s": ("Requests per second", "每秒请求数"),
    "metric.output_tokens_per_s": ("System output", "系统输出"),
    "section.compare_time": ("Over time", "随时间变化"),
    "section.compare_spread": ("Distributions", "分布"),
    "chart.compare_rps": ("Requests per second", "每秒请求数"),
    "chart.compare_tokens": ("System output", "系统输出"),
    "chart.compare_ttft": ("TTFT, median over time", "TTFT 中位数变化"),
    "chart.compare_latency": ("Response time, median over time", "响应时间中位数变化"),
    "chart.compare_ttft_spread": ("Distribution of TTFT", "TTFT 分布"),
    "chart.compare_latency_spread": ("Distribution of response time", "响应时间分布"),
    "chart.compare_gap_spread": ("Distribution of gaps between chunks", "数据块间隔分布"),
    "chart.compare_ttft_share": ("TTFT, share answered within", "TTFT 累计分布"),
    "chart.compare_latency_share": ("Response time, share complete within", "响应时间累计分布"),
    "chart.compare_gap_share": ("Gaps, share up to", "数据块间隔累计分布"),
    "unit.share": ("% of each run", "占各次测试 %"),
    "note.shares": ("Each run adds up to 100 %.", "每次测试合计 100 %。"),
    # details of a request
    "close": ("Close", "关闭"),
    "details": ("Details", "详情"),
    "start_at": ("Start", "发起"),
    "end_at": ("End", "结束"),
    "conversation_id": ("Conversation", "会话 ID"),
    "message_id": ("Message id", "消息 ID"),
    "finish_reason": ("Finish reason", "结束原因"),
    "query": ("Query", "提问"),
    "error": ("Error", "错误"),
    "chunks": ("Chunks", "数据块"),
    "no_texts": (
        "Ids and texts are kept for failed, slow and sampled requests only.",
        "仅为失败、较慢及抽样的请求保留 ID 与文本。",
    ),
}


def both(key: str, values: dict[str, tuple[str, str]] | None = None, **same: object) -> str:
    """Markup of one text in both languages, of which the page shows one.

    `values` differ between the languages, those in `same` do not; all of them are escaped here.
    """
    return pair(*in_both(key, values, **same))


def in_both(key: str, values: dict[str, tuple[str, str]] | None = None, **same: object) -> tuple[str, str]:
    """One text as plain (English, Chinese)."""
    english: dict[str, Any] = {**same, **{name: value[0] for name, value in (values or {}).items()}}
    chinese: dict[str, Any] = {**same, **{name: value[1] for name, value in (values or {}).items()}}
    texts = TEXTS[key]
    return texts[0].format(**english), texts[1].format(**chinese)


def pair(english: str, chinese: str) -> str:
    """Markup of a text that is given in both languages."""
    if english == chinese:
        return escape(english)
    return f'<span lang="en">{escape(english)}</span><span lang="zh">{escape(chinese)}</span>'


def count_of(thing: str, number: int) -> tuple[str, str]:
    """`number` of "requests" or "threads" in words: ("1,000 requests", "1,000 个请求")."""
    return in_both(f"{thing}.one" if number == 1 else f"{thing}.many", n=f"{number:,}")
