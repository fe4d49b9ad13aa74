"""Texts of what each machine did."""

from __future__ import annotations

from ...texts import Texts

TEXTS: Texts = {
    "workers": ("Workers", "工作机"),
    "workers_each": ("What each machine did", "各机数据"),
    "workers_note": (
        "Latencies are each machine's own. The seconds are put together by clocks that are known to ± {ms} ms.",
        "各项延迟由每台机器自行测量。图表中的秒按各机时钟对齐，误差不超过 ± {ms} ms。",
    ),
    "workers_missing": ("{n} requests of lost workers are missing.", "缺少已丢失工作机的 {n} 个请求。"),
    "worker": ("Worker", "工作机"),
    "worker.requests": ("Requests", "请求"),
    "worker.missing": ("Missing", "缺失"),
    "worker.requests_per_s": ("Requests/s", "请求/s"),
    "worker.chunks_per_s": ("Chunks/s", "数据块/s"),
    "worker.ttft": ("TTFT P50 ms", "TTFT P50 ms"),
    "worker.cpu": ("CPU of one core", "单核 CPU"),
    "worker.trust": ("Trust", "可信度"),
    "worker.offset": ("Clock offset ms", "时钟差 ms"),
    "worker.round_trip": ("Round trip ms", "往返 ms"),
    "worker.lost": ("lost", "已丢失"),
    "worker.died": ("died", "已退出"),
    "worker.left": ("stopped there", "在本机被停止"),
    "worker.alone": ("lost the master", "与主控失联"),
    "worker.slow": ("slower than the others", "比其他工作机慢"),
}
