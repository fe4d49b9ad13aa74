"""Texts of the goals of a run."""

from __future__ import annotations

from ...texts import Texts

TEXTS: Texts = {
    "aborted": (
        "Aborted after {at} s because {rule} was true ({value}); the figures cover the requests finished before.",
        "{at} 秒后因条件 {rule} 成立（{value}）而中止，数据仅涵盖已完成的部分。",
    ),
    "aborted_headline": ("Aborted by {rule}", "因 {rule} 中止"),
    "missed_headline": ("{missed} of {all} goals missed", "{all} 项目标中有 {missed} 项未达到"),
    "kept_headline.one": ("The goal was met", "目标已达到"),
    "kept_headline.many": ("All {all} goals met", "{all} 项目标全部达到"),
    "goals": ("Goals", "目标"),
    "goal": ("goal", "目标"),
    "thresholds": ("Thresholds", "阈值"),
    "threshold": ("Threshold", "阈值"),
    "measured": ("Measured", "实测"),
    "note": ("Note", "说明"),
    "kept": ("met", "达到"),
    "missed": ("missed", "未达到"),
    "worse": ("worse", "变差"),
    "not_comparable": ("cannot be judged", "无法判断"),
    "goodput": (
        "Goodput: {met} of {n} ({share}), {rate} requests/s, met {rules}",
        "Goodput：{n}中有 {met} 个（{share}，{rate} 请求/s）满足 {rules}",
    ),
    "against": ("Compared with {file}", "与 {file} 对比"),
    "allowed": ("Allowed", "允许"),
    "baseline.old": ("Old", "旧"),
    "baseline.new": ("New", "新"),
}
