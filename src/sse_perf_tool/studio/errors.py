"""How a refusal looks: `{"error": {"code", "message", "field", "hint"}}`, in the language of the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..texts import Texts, printable, reason_of, speaker

TEXTS: Texts = {
    "not_found": ("{what}: there is no such thing here", "{what}：这里没有"),
    "invalid": ("{what}", "{what}"),
    "no_format": ("{what}: no such format; choose one of {names}", "{what}：没有这种格式，可选：{names}"),
    "exists": ("{what}: there is one already", "{what}：已存在"),
    "changed": (
        "the file was changed meanwhile; look at what it holds now and try again",
        "文件已被修改，请查看当前内容后重试",
    ),
    "needs_if_match": (
        "a change needs the header If-Match with the ETag of the config it was made from",
        "修改时需要 If-Match 请求头，其值为所依据配置的 ETag",
    ),
    "key_would_move": (
        "the key of this provider would be sent to {host} from now on; confirm it",
        "此提供商的密钥今后将发送到 {host}，请确认",
    ),
    "read_only": (
        "{what} cannot be read, so it cannot be changed here; correct it in an editor",
        "{what} 无法读取，因此不能在此修改，请在编辑器中改正",
    ),
    "unwritable": ("{what}: cannot be written: {reason}", "{what}：无法写入：{reason}"),
    "not_kept": (
        "this part of {what} is written in a way that cannot be changed here; change it in an editor",
        "{what} 的这一部分无法在此修改，请在编辑器中修改",
    ),
    "set_by_environment": (
        "{what} is set by the environment of the studio, which is not changed here",
        "{what} 由 Studio 的环境变量设置，不能在此修改",
    ),
    "busy": ("a job is running; wait for its end", "有任务正在运行，请等待其结束"),
    "too_late": ("this job does not wait any more; cancel it", "任务已不在排队，请取消"),
    "not_ours": ("this file lies outside of results/, it is not deleted here", "该文件不在 results/ 中，不能在此删除"),
    "no_report": ("there is no report of this result", "该结果没有报告"),
    "unreadable": ("cannot be read: {what}", "无法读取：{what}"),
    "unlike": ("choose two to six results of the same kind", "请选择两到六个同类结果"),
    "unreachable": ("{what}", "{what}"),
    "key_refused": (
        "{what}: the service wants a valid key (HTTP {status}); enter it, or correct it under Keys",
        "{what}：服务要求有效的密钥（HTTP {status}），请填写，或在“密钥”中改正",
    ),
    "rest_none": ("nothing of this job is left to be done", "此任务没有剩余内容"),
    "slow_down": ("too many jobs wait; cancel one first", "排队任务过多，请先取消"),
    "studio_failed": ("the studio met a fault of its own: {what}", "Studio 内部错误：{what}"),
}

INPUT: Texts = {
    "missing": ("is missing", "缺失"),
    "int_parsing": ("give a whole number", "请填写整数"),
    "int_type": ("give a whole number", "请填写整数"),
    "int_from_float": ("give a whole number", "请填写整数"),
    "float_parsing": ("give a number", "请填写数字"),
    "float_type": ("give a number", "请填写数字"),
    "finite_number": ("give a number", "请填写数字"),
    "greater_than": ("give more than {gt}", "请填写大于 {gt} 的值"),
    "greater_than_equal": ("give at least {ge}", "不能小于 {ge}"),
    "less_than": ("give less than {lt}", "请填写小于 {lt} 的值"),
    "less_than_equal": ("give at most {le}", "不能大于 {le}"),
    "string_type": ("give a text", "请填写文本"),
    "string_too_short": ("give at least {min_length} characters", "至少 {min_length} 个字符"),
    "string_too_long": ("give at most {max_length} characters", "最多 {max_length} 个字符"),
    "string_pattern_mismatch": (
        "use the letters A to Z, digits and _ alone, and begin with a letter",
        "只能使用英文字母、数字和下划线，并以字母开头",
    ),
    "too_short": ("give at least {min_length}", "至少 {min_length} 项"),
    "too_long": ("give at most {max_length}", "最多 {max_length} 项"),
    "literal_error": ("give {expected}", "只能是 {expected}"),
    "extra_forbidden": ("there is no such field", "没有这个字段"),
}
"""What pydantic calls a wrong input -> what a person is told; whatever else it finds is said in its own words."""

STATUS = {
    "not_found": 404,
    "invalid": 422,
    "no_format": 422,
    "exists": 409,
    "changed": 412,
    "needs_if_match": 428,
    "key_would_move": 409,
    "read_only": 409,
    "unwritable": 409,
    "not_kept": 409,
    "set_by_environment": 409,
    "busy": 409,
    "too_late": 409,
    "not_ours": 409,
    "no_report": 409,
    "unreadable": 409,
    "unlike": 422,
    "unreachable": 502,
    "key_refused": 502,
    "rest_none": 409,
    "slow_down": 429,
    "studio_failed": 500,
}
"""Code -> status of HTTP."""


class ApiError(Exception):
    """A request that is refused: `code` is one of `STATUS`, `values` fill its text."""

    def __init__(self, code: str, *, field: str | None = None, hint: str | None = None, **values: object) -> None:
        super().__init__(code)
        self.code, self.field, self.hint, self.values = code, field, hint, values

    @property
    def status(self) -> int:
        """The status of HTTP."""
        return STATUS[self.code]

    def document(self, lang: str) -> dict[str, Any]:
        """The body of the answer."""
        return refusal(self.code, self.text(lang), self.field, self.hint)

    def text(self, lang: str) -> str:
        """What a person is told."""
        said = {
            name: reason_of(value, lang) if isinstance(value, OSError) else str(value)
            for name, value in self.values.items()
        }
        shown = {name: printable(text, 600) for name, text in said.items()}
        return speaker(TEXTS, lang)(self.code, **shown)


def input_text(error: Mapping[str, Any], lang: str) -> str:
    """What is wrong with a body, by one error of pydantic."""
    kind = str(error["type"])
    if kind not in INPUT:
        return str(error["msg"])
    return speaker(INPUT, lang)(kind, **{name: str(value) for name, value in error.get("ctx", {}).items()})


def refusal(code: str, message: str, field: str | None = None, hint: str | None = None) -> dict[str, Any]:
    """The body of a refusal."""
    return {"error": {"code": code, "message": message, "field": field, "hint": hint}}
