"""Which JSON objects report a failure, under all the names that servers have for it, and the words that they say.

Pure, and for events that bring no text only: looking so closely at each token would cost more than reading it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..texts import is_too_deep
from .base import ERROR_LIMIT, Doc, dict_of

_WORDS = ("message", "errormsg", "msg", "detail", "errormessage", "errmsg", "errortext", "statusmsg",
          "errordescription", "title", "text")  # fmt: skip
"""Where the words of a failure stand, by plain name, the likeliest first."""
_CODES = ("code", "errorcode", "errcode", "statuscode", "type", "errortype", "status")
_MORE = frozenset({"details", "errors", "cause", "reason", "hint", "metadata", "innererror", "description"})
"""What is shown beside the words of a failure, where it stands beside them."""
_WRAPPERS = frozenset({"baseresp", "header", "responsemetadata", "errormsg", "response"})
"""Objects in which some APIs keep the outcome: MiniMax, Spark, Volcengine, Hunyuan, Tencent Cloud."""
_FRAME = frozenset({"status", "statuscode", "code", "type", "title", "instance", "requestid", "traceid", "timestamp",
                    "path", "id", "sid"})  # fmt: skip
"""What may stand beside a `detail` that is all that an object says."""

_USUAL = frozenset({"id", "object", "created", "model", "choices", "usage", "system_fingerprint", "service_tier"})
"""What the events of OpenAI's chats and their like have, and what tells of no failure, but for `object`."""

_GOOD_WORDS = frozenset(
    {"", "success", "successful", "succeeded", "succeed", "ok", "completed", "成功", "请求成功", "操作成功"}
)
_BAD_STATES = frozenset({"error", "failure", "failed", "fail"})
_BAD_NAMES = ("error", "exception")


def names_failure(name: object) -> bool:
    """Whether the name or type of an event is that of a failure: error, overloaded_error, RUN_ERROR, exception, ..."""
    return isinstance(name, str) and name.lower().endswith(_BAD_NAMES)


def says_error(value: object) -> bool:
    """Whether the value of an `error` key is an error: null, empty, and an object or list of nothing else are none."""
    if isinstance(value, dict):
        return any(value.values())
    return any(value) if isinstance(value, list) else bool(value)


def failure_in(name: str, doc: Doc) -> str | None:
    """The words of a failure that an event without text reports, None when it reports none.

    `name` is the name of the event.  A code counts as one of failure where words stand beside it: a bare `code` can be
    anything (the source of a program, say).
    """
    if doc.keys() <= _USUAL and not names_failure(name) and not names_failure(doc.get("object")):
        return None  # nothing that is looked at below is in it
    plain = _by_plain_name(doc)
    if names_failure(name) or any(names_failure(plain.get(key)) for key in ("type", "object", "event")):
        return error_text(doc)
    failed = (
        says_error(plain.get("error"))
        or _has_bad_code(plain)
        or any(_has_bad_code(each) or says_error(each.get("error")) for each in _wrapped(plain))
        or _is_bare_detail(plain)
        or _says_no(plain)
        or any(key.endswith("exception") and value for key, value in plain.items())
    )
    return error_text(doc) if failed else None


def find_error(document: Doc) -> str | None:
    """The error that a JSON object reports, in at most `ERROR_LIMIT` characters; None when it reports none.

    The words of its `error` (a string, or an object), of the object in which its API keeps the outcome, or its own;
    then the code, if there is one, in brackets, and what else the error says.  An error of unknown shape is given as
    its JSON.
    """
    plain = _by_plain_name(document)
    error = plain.get("error")
    inner = [_by_plain_name(error)] if isinstance(error, dict) else [*_wrapped(plain), *_exceptions(plain)]
    texts = (
        [error.strip()] if isinstance(error, str) else [text for each in inner for text in _values(each, _WORDS)][:1]
    )
    if not texts or isinstance(error, str):
        texts += list(_values(plain, _WORDS))[:1]
    text = ": ".join(dict.fromkeys(filter(None, texts)))
    if not text:
        return shown(error) if says_error(error) else None
    sources = [*inner, plain]
    code = next((c for source in sources for c in _values(source, _CODES) if not is_success(c)), "")[:100]
    more = shown({key: value for source in sources for key, value in source.items() if key in _MORE and value})
    if code not in text:
        text = f"{text[: ERROR_LIMIT - len(code) - 3]} ({code})"
    return text if more == "{}" or len(text) + 2 >= ERROR_LIMIT else f"{text}; {more}"[:ERROR_LIMIT]


def error_text(document: Doc) -> str:
    """The error of a JSON object that is one; without any text in it, the object as JSON."""
    return find_error(document) or shown(document)


def shown(value: object) -> str:
    """`value` as JSON in at most `ERROR_LIMIT` characters."""
    if is_too_deep(value):
        return "(nested too deep to be shown)"
    return json.dumps(value, ensure_ascii=False)[:ERROR_LIMIT]


def is_success(code: object) -> bool:
    """Whether a code says that all went well: none, 0, "0", 2xx, "Success", ..."""
    if isinstance(code, bool) or code is None:
        return True
    if isinstance(code, str):
        if not re.fullmatch(r"-?[0-9]{1,9}", code.strip()):
            return code.strip().lower() in _GOOD_WORDS
        code = int(code)
    return not isinstance(code, (int, float)) or code == 0 or 200 <= code < 300


def _has_bad_code(plain: Mapping[str, Any]) -> bool:
    """Whether a code of failure stands in an object, with words beside it that do not say the opposite."""
    codes = [plain.get(key) for key in ("errorcode", "errcode", "code", "statuscode")]
    status = plain.get("status")
    if type(status) is int and status >= 400:
        codes.append(status)
    words = next(_values(plain, _WORDS), "")
    return bool(words) and words.lower() not in _GOOD_WORDS and not all(map(is_success, codes))


def _is_bare_detail(plain: Mapping[str, Any]) -> bool:
    """`{"detail": "Internal Server Error"}`: FastAPI, and problem documents (RFC 9457)."""
    return bool(plain.get("detail")) and plain.keys() - _FRAME == {"detail"}


def _says_no(plain: Mapping[str, Any]) -> bool:
    """`{"success": false, ...}` or `{"status": "failure", ...}`, with words."""
    status = plain.get("status")
    no = any(plain.get(key) is False for key in ("success", "ok"))
    return (no or (isinstance(status, str) and status.lower() in _BAD_STATES)) and any(_values(plain, _WORDS))


def _by_plain_name(doc: object) -> dict[str, Any]:
    """An object by its names in small letters, without `_` and `-`: error_code, errorCode and ErrorCode are one."""
    return {key.lower().replace("_", "").replace("-", ""): value for key, value in dict_of(doc).items()}


def _wrapped(plain: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The objects in which the API keeps the outcome, and the errors in them."""
    for key, value in plain.items():
        if key in _WRAPPERS and isinstance(value, dict):
            inner = _by_plain_name(value)
            if isinstance(inner.get("error"), dict):
                yield _by_plain_name(inner["error"])
            yield inner


def _exceptions(plain: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """`{"throttlingException": {"message": ...}}`, as AWS has it."""
    return (_by_plain_name(value) for key, value in plain.items() if key.endswith("exception"))


def _values(source: Mapping[str, Any], keys: Sequence[str]) -> Iterator[str]:
    """What stands under `keys` in an object, as far as it is text or an integer and not empty."""
    for key in keys:
        value = source.get(key)
        if isinstance(value, str) and value.strip():
            yield value.strip()
        elif type(value) is int and value:
            yield str(value)
