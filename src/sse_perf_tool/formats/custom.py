"""An application's own format, described by options instead of code.

`fields` maps what the tool wants to dotted paths in the JSON of an event: `event`, `text`, `reasoning`,
`conversation_id`, `message_id`, `prompt_tokens`, `completion_tokens`, `reasoning_tokens`, `finish_reason`, `error`.  In
a path a number indexes a list, `*` means all of its items, and `@event` is the name of the SSE event.  `text_events`,
`reasoning_events`, `error_events` and `end_events` list values of the `event` field; `error_code` is `{"path", "ok"}`;
`cumulative` streams repeat all so far; in `raw` ones the data is the text itself.  With `close_ends` the end of the
connection is that of the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..records import Delta, TextMode
from .base import (
    Doc,
    Format,
    Options,
    ReadData,
    ReadEvent,
    Whole,
    dict_of,
    id_of,
    is_repeat,
    reason_of,
    text_of,
    usage_of,
)
from .failures import error_text, names_failure, says_error
from .paths import EVENT_NAME, getter, written


def _body(query: str, model: str, user: str, conversation_id: str) -> Doc:
    """A guess: an application of one's own needs a template of one's own."""
    return {"query": query, "model": model, "user": user, "conversation_id": conversation_id, "stream": True}


def _names(values: Iterable[object] | None) -> frozenset[str]:
    """The values as text: those of a command line are text, those in JSON may be numbers, true or false."""
    return frozenset(map(written, values or ()))


def _kind_path(options: Options) -> object:
    return dict_of(options.get("fields")).get("event", EVENT_NAME)


def _error_finder(options: Options) -> Callable[[str, Doc, str], str | None]:
    """Gives the error of an event: known by its kind, by its code, or, when neither is named, by its error field.

    With error events named, an error field counts in events that have neither kind nor text.

    An event whose name or type is that of an error is one unless `error_events` say otherwise, or its kind is one of
    those of text or of the end.
    """
    error_path = dict_of(options.get("fields")).get("error")
    get_error, get_text = getter(error_path), getter(dict_of(options.get("fields")).get("text"))
    error_events = _names(options.get("error_events"))
    code = dict_of(options.get("error_code"))
    is_named = _error_namer(options)
    get_code, codes_ok = getter(code.get("path")), _names(code.get("ok", (0,)))

    def find(event: str, doc: Doc, kind: str) -> str | None:
        error = get_error(event, doc)
        if error_events or code:
            found = get_code(event, doc)
            failed = kind in error_events or (found is not None and written(found) not in codes_ok)
            failed = failed or (kind == _NO_KIND and says_error(error) and not get_text(event, doc))
        else:
            failed = says_error(error)
        if not failed and not is_named(event, doc, kind):
            return None
        return error_text({**doc, "error": error} if says_error(error) else doc)

    return find


def _error_namer(options: Options) -> Callable[[str, Doc, str], bool]:
    """Whether an event calls itself an error by name or type, where the user has not said what its kind is."""
    if options.get("error_events"):
        return lambda _event, _doc, _kind: False
    told = _names(options.get("text_events")) | _names(options.get("end_events"))

    def is_named(event: str, doc: Doc, kind: str) -> bool:
        return kind not in told and (names_failure(event) or names_failure(kind) or names_failure(doc.get("type")))

    return is_named


def _text_wanted(options: Options) -> Callable[[str], bool]:
    """Whether text of an event of some kind is answer text: of the kinds named, else of all that are no errors."""
    named, error_events = options.get("text_events"), _names(options.get("error_events"))
    if named is None:
        return lambda kind: kind not in error_events
    return _names(named).__contains__


_NO_KIND = written(None)
"""The kind of an event that has none where it should stand."""


def _mode(options: Options) -> TextMode:
    return TextMode.WHOLE if options.get("cumulative") else TextMode.ADD


def _reader(options: Options) -> ReadEvent:
    fields = dict_of(options.get("fields"))
    get_kind = getter(_kind_path(options))
    get_text, get_reasoning = getter(fields.get("text")), getter(fields.get("reasoning"))
    get_prompt, get_completion = getter(fields.get("prompt_tokens")), getter(fields.get("completion_tokens"))
    get_reasoned, get_reason = getter(fields.get("reasoning_tokens")), getter(fields.get("finish_reason"))
    get_message, get_conversation = getter(fields.get("message_id")), getter(fields.get("conversation_id"))
    wanted, find_error, mode = _text_wanted(options), _error_finder(options), _mode(options)
    thinks = _names(options.get("reasoning_events")).__contains__
    end_events = _names(options.get("end_events"))
    repeats, is_named = _repeat_finder(mode), _error_namer(options)

    def read(event: str, doc: Doc) -> Delta:
        kind = written(get_kind(event, doc))
        error = find_error(event, doc, kind)
        speaks = wanted(kind) and not (error is not None and is_named(event, doc, kind))
        reason = reason_of(get_reason(event, doc))
        thought = thinks(kind)
        text = text_of(get_text(event, doc)) if speaks and not thought else ""
        reasoning = text_of(get_reasoning(event, doc)) if speaks or thought else ""
        return Delta(
            text,
            reasoning or (text_of(get_text(event, doc)) if thought else ""),
            TextMode.REPEAT if text and repeats(text) else mode,
            usage=usage_of(get_prompt(event, doc), get_completion(event, doc), get_reasoned(event, doc)),
            finish_reason=reason,
            message_id=id_of(get_message(event, doc)),
            conversation_id=id_of(get_conversation(event, doc)),
            error=error,
            end=kind in end_events or reason is not None,
            last=kind in end_events,
        )

    return read


def _repeat_finder(mode: TextMode) -> Callable[[str], bool]:
    """Tells of each text whether it is all that came before, once more, as many applications end an answer.

    Two texts alike may be two tokens alike, so it takes three events.
    """
    if mode is not TextMode.ADD:
        return lambda _text: False
    pieces: list[str] = []
    length = 0

    def repeats(text: str) -> bool:
        nonlocal length
        if len(text) == length and len(pieces) > 1 and is_repeat(text, pieces, len(pieces)):
            return True
        pieces.append(text)
        length += len(text)
        return False

    return repeats


def _read_whole(doc: Doc, options: Options) -> Delta:
    """The paths lead into the whole answer.  It has no SSE name, so what hangs on that says nothing here."""
    if _kind_path(options) == EVENT_NAME:
        options = {name: value for name, value in options.items() if not name.endswith("_events")}
    return _reader(options)("", doc)


def _raw_reader(options: Options) -> ReadData | None:
    """For `raw` streams: there is no JSON, so the kind can only be the name of the SSE event."""
    if not options.get("raw"):
        return None
    wanted, mode = _text_wanted(options), _mode(options)
    error_events, end_events = _names(options.get("error_events")), _names(options.get("end_events"))
    is_named = _error_namer(options)

    def read(event: str, data: str) -> Delta:
        failed = event in error_events or is_named(event, {}, event)
        error = (data or "error") if failed else None
        return Delta(data if wanted(event) and not failed else "", mode=mode, error=error, end=event in end_events)

    return read


def _bare_ends(options: Options) -> frozenset[str]:
    """The names of events that end an answer without any data, where the name is what tells the kind."""
    return _names(options.get("end_events")) if _kind_path(options) == EVENT_NAME else frozenset()


FORMAT = Format(
    name="custom",
    title="custom",
    reader=_reader,
    detects=lambda _event, _doc: False,
    body=_body,
    needs_key=False,
    carries="id",
    done_ends=True,
    any_framing=True,
    error_anywhere=False,
    lists=True,
    documents=True,
    ends_of=_bare_ends,
    raw_reader=_raw_reader,
    whole=Whole(read=_read_whole),
    limit=(),
    temperature=(),
)
