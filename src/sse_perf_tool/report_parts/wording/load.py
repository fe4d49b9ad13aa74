"""Texts of the load and of how the schedule was kept."""

from __future__ import annotations

from ...texts import Texts

TEXTS: Texts = {
    "shape.rate": ("{rate} requests/s{arrival}", "每秒 {rate} 个请求{arrival}"),
    "shape.arrival": (" ({kind})", "（{kind}）"),
    "shape.most": (", at most {threads} at a time", "，最多 {threads}同时发送"),
    "shape.stages_rate": ("requests/s from 0 to {stages}", "每秒请求数从 0 到 {stages}"),
    "shape.stages_threads": ("threads from 0 to {stages}", "线程数从 0 到 {stages}"),
    "shape.stage": ("{target} in {seconds} s", "{target}（{seconds} 秒）"),
    "shape.replay": ("trace {file} over {time}", "重放 {file}，历时 {time}"),
    "shape.speed": (" ({speed} times as fast)", "（{speed} 倍速）"),
    "shape.batch": ("batches of {n}", "每批 {n} 个"),
    "shape.warmup_s": ("warm-up {n} s", "预热 {n} 秒"),
    "shape.warmup_n": ("warm-up {n}", "预热 {n}"),
    "shape.cooldown": ("cool-down {n} s", "冷却 {n} 秒"),
    "shape.leave": ("{share} cancelled after {n} s", "{share} 在 {n} 秒后取消"),
    "schedule.kept": (
        "The target rate was {asked} requests/s, {sent} were sent; {late} started late, by up to {worst}.",
        "目标为每秒 {asked} 个请求，实际发送 {sent} 个；{late}未按时发出，最多晚 {worst}。",
    ),
    "schedule.kept_well": (
        "The target rate was {asked} requests/s, {sent} were sent, none more than {worst} late.",
        "目标为每秒 {asked} 个请求，实际发送 {sent} 个，最多晚 {worst}。",
    ),
    "up_to": ("Up to {threads}", "最多 {threads}"),
    "schedule.dropped": ("Never sent: {n}.", "始终未发出：{n}。"),
    "left_out": (
        "Not counted in the metrics: {n} of the warm-up and cool-down.",
        "预热和冷却阶段的 {n}未计入任何指标。",
    ),
    "left_early": (
        "{n} cancelled in mid-answer, as set by --cancel-rate, after {tokens} tokens.",
        "{n}按 --cancel-rate 的设定中途取消，此前已收到 {tokens} 个 token。",
    ),
}
