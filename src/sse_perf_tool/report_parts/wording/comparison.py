"""Texts of the comparison of runs."""

from __future__ import annotations

from ...texts import Texts

TEXTS: Texts = {
    "compared_all": (
        "Every figure, with its difference from A and the 95 % interval of that",
        "全部指标，以及与 A 的差异和 95 % 区间",
    ),
    "section.differences": ("Differences", "差异"),
    "compared": ("{other} compared with {base}", "{other} 对比 {base}"),
    "compare_headline": ("{better} better, {worse} worse", "{better} 项更好，{worse} 项更差"),
    "fails_now": ("{share} of the requests fail now", "现在有 {share} 的请求失败"),
    "unlike_prompts": ("prompts", "问题"),
    "unlike_template": ("request body", "请求体"),
    "unlike_tokens": ("who counts the tokens", "token 数的来源"),
    "compare_nothing": ("No significant difference", "没有显著差异"),
    "compare_few": ("Too few samples to tell", "样本太少，无法判断"),
    "compare_verdict": (
        "Of {n} figures {better} are better and {worse} are worse; the difference of {same} is not significant.",
        "{n} 项数据中，{better} 项更好，{worse} 项更差，{same} 项差异不显著。",
    ),
    "compare_left": (
        "Of {n} figures {worse} are worse and {same} the same within chance; {left} look better, of the answers left.",
        "{n} 项数据中，{worse} 项更差，{same} 项差异不显著；{left} 项看似更好，但仅来自余下的回答。",
    ),
    "compare_unlike": ("The runs differ in: {names}.", "各次测试的设置不同：{names}。"),
    "compare_note": (
        "95 % intervals by bootstrap over the requests of each run, for rates over its seconds.",
        "95 % 区间由对各次测试的请求做自助重抽样得到，速率按秒重抽样。",
    ),
    "compare_limits": (
        "They do not cover the variation between runs, and one figure in twenty differs by chance: repeat the runs.",
        "区间不含多次测试之间的波动，且每二十项中约有一项因偶然而不同：请重复测试。",
    ),
    "runs": ("Runs side by side", "各次测试并列"),
    "runs_table": ("Settings, and the figures that are not compared above", "设置，以及上面未对比的数据"),
    "run": ("Run", "测试"),
    "figure": ("Figure", "指标"),
    "difference": ("Difference", "差值"),
    "relative": ("Relative", "相对"),
    "interval": ("95 % interval", "95 % 区间"),
    "judgement": ("Judgement", "判断"),
    "word.better": ("better", "更好"),
    "word.worse": ("worse", "更差"),
    "word.same": ("not significant", "差异不显著"),
    "word.survivors": ("of the answers left", "仅来自余下的回答"),
    "word.unknown": ("too few samples", "样本不足"),
    "metric.success_rate": ("Success rate", "成功率"),
    "metric.requests_per_s": ("Requests per second", "每秒请求数"),
    "metric.output_tokens_per_s": ("System output", "系统输出"),
    "section.compare_time": ("Over time", "随时间变化"),
    "section.compare_spread": ("Distributions", "分布"),
    "chart.compare_rps": ("Requests per second", "每秒请求数"),
    "chart.compare_tokens": ("System output", "系统输出"),
    "chart.compare_ttft": ("Median TTFT", "TTFT 中位数"),
    "chart.compare_latency": ("Median response time", "响应时间中位数"),
    "chart.compare_ttft_spread": ("Distribution of TTFT", "TTFT 分布"),
    "chart.compare_latency_spread": ("Distribution of response time", "响应时间分布"),
    "chart.compare_gap_spread": ("Distribution of gaps between chunks", "数据块间隔分布"),
    "chart.compare_ttft_share": ("TTFT, share answered within", "TTFT 累计分布"),
    "chart.compare_latency_share": ("Response time, share complete within", "响应时间累计分布"),
    "chart.compare_gap_share": ("Gaps, share up to", "数据块间隔累计分布"),
    "unit.share": ("% of each run", "占各次测试 %"),
    "note.shares": ("Each run adds up to 100 %.", "每次测试合计 100 %。"),
}
