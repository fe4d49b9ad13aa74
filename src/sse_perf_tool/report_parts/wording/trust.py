"""Texts of the trust in the figures."""

from __future__ import annotations

from ...texts import Texts

TEXTS: Texts = {
    "trust": ("Can these figures be trusted?", "这些数据可信吗？"),
    "trust_title": ("Trust:", "可信度："),
    "trust_said": ("The measurement is {verdict}.", "数据可信度：{verdict}。"),
    "look.trust": ("The figures cannot be fully trusted. See why.", "数据不完全可信，查看原因。"),
    "trust_note": (
        "The bounds say how far the P99 may be off for reasons on this machine. They do not cover the network.",
        "误差界限仅反映本机原因造成的 P99 偏差，不包含网络因素。",
    ),
    "trust_clock": ("Arrival times from", "到达时刻来源"),
    "clock.kernel": ("the operating system", "操作系统"),
    "clock.user": ("this program", "本程序"),
    "clock.mixed": ("the operating system and this program", "操作系统与本程序"),
    "trust_delay": ("Wait before reads, P50 / P99 / max", "读取等待 P50 / P99 / 最大"),
    "trust_merged": ("Chunks merged with the next by a late read", "因读取过晚而合并的数据块"),
    "trust_cpu": ("Busiest process", "最忙的进程"),
    "of_one_core": ("{share} of one core", "{share}（单核）"),
    "trust_wait": ("Reading thread waited for a core", "读取线程等待 CPU"),
    "trust_machine": ("CPU in use, all programs", "CPU 占用（所有程序）"),
    "trust_gc": ("Longest garbage collection", "最长垃圾回收"),
    "trust_rtt": ("Largest round trip", "最大往返时间"),
    "trust_lost": ("Packets retransmitted / out of order", "重传 / 乱序的数据包"),
    "trust_steps": ("Seconds with a step of the system clock", "系统时钟被调整的秒数"),
    "section.self": ("The tool itself, second by second", "工具自身的逐秒数据"),
    "chart.self_delay": ("Wait before reads", "读取等待时间"),
    "chart.self_cpu": ("CPU", "CPU"),
    "series.read_p99": ("P99", "P99"),
    "series.read_max": ("longest", "最长"),
    "series.gc_max": ("longest garbage collection", "最长垃圾回收"),
    "series.own_cpu": ("busiest process", "最忙的进程"),
    "series.machine_cpu": ("all cores", "全部 CPU"),
    "series.cpu_wait": ("reading thread waiting", "读取线程等待"),
    "unit.percent": ("%", "%"),
}
