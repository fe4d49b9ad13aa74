"""Texts of the frame of every page, and of the facts of a run."""

from __future__ import annotations

from ...texts import Texts

TEXTS: Texts = {
    # header
    "report": ("Load test report", "压力测试报告"),
    "compare_report": ("Comparison of load tests", "压力测试对比"),
    "switch_language": ("中文", "English"),
    "theme": ("Light or dark", "浅色或深色"),
    "print": ("Print", "打印"),
    "print_all": ("Print everything", "打印全部内容"),
    "sections": ("Parts of this page", "本页各部分"),
    "section.overview": ("Overview", "概览"),
    "section.errors": ("Errors", "错误"),
    "section.trust": ("Trust", "可信度"),
    "section.times": ("Response times", "响应时间"),
    "section.setup": ("Settings of the run", "测试设置"),
    "skip": ("Skip to the results", "跳到结果"),
    "noscript": (
        "The charts need JavaScript. Figures and tables work without it.",
        "图表需要 JavaScript；数字与表格不受影响。",
    ),
    "no_library": (
        "The charts could not be loaded: this page links Chart.js and there is no network.",
        "图表未能加载：本页链接 Chart.js，而当前没有网络。",
    ),
    "made_by": ("Created by sse-perf {version}", "由 sse-perf {version} 生成"),
    "definitions": (
        "Percentiles interpolate linearly between closest ranks; with fewer than 100/(100−p) samples they are n/a.",
        "百分位数按最近秩线性插值；样本少于 100/(100−p) 的百分位数显示为 n/a。",
    ),
    "intervals": (
        "Small figures are 95 % intervals, which assume that requests are independent of each other.",
        "小字为 95 % 区间，假定各请求相互独立。",
    ),
    # facts
    "target": ("Target", "目标"),
    "model": ("Model", "模型"),
    "format": ("Format", "格式"),
    "detected": (" (auto)", "（自动识别）"),
    "answered_by": ("Server, framing", "服务端与传输方式"),
    "framing.chunked": ("chunked", "分块传输（chunked）"),
    "framing.length": ("length told", "声明长度"),
    "framing.close": ("ended by closing", "以关闭连接结束"),
    "command": ("Command", "命令"),
    "started": ("Started", "开始时间"),
    "duration": ("Duration", "时长"),
    "load": ("Load", "负载"),
    "version": ("Version", "版本"),
    "host": ("Sent from", "发压主机"),
    "host.cpus": ("{n} CPUs", "{n} 个 CPU"),
    "host.compiled": ("compiled reader", "编译的读取线程"),
    "host.python": ("python reader", "Python 读取线程"),
    "finish_reasons": ("Finish reasons", "结束原因"),
    "tokens_from": ("Token counts from", "token 来源"),
    "tokens.usage": ("the server's usage figures", "服务器返回的 usage"),
    "tokens.tokenizer": ("a local tokenizer", "本地分词器"),
    "tokens.estimate": ("estimate from the words of the text", "按文本的词数估算"),
    "tokens.weighted": ("estimate from the text by weights", "按文本加权估算"),
    "tokens.chunks": ("one a chunk", "每块计一个"),
    "tokens.mixed": ("usage where reported, else counted otherwise", "优先 usage，其余另行计算"),
    # details of a request
    "close": ("Close", "关闭"),
    "details": ("Details", "详情"),
    "start_at": ("Start", "发起"),
    "end_at": ("End", "结束"),
    "conversation_id": ("Conversation", "会话 ID"),
    "message_id": ("Message id", "消息 ID"),
    "finish_reason": ("Finish reason", "结束原因"),
    "query": ("Query", "问题"),
    "error": ("Error", "错误"),
    "chunks": ("Chunks", "数据块"),
    "no_texts": (
        "Ids and texts are kept for failed, slow and sampled requests only.",
        "仅为失败、较慢及抽样的请求保留 ID 与文本。",
    ),
}
