"""`AnswerReader`: collects text, usage, ids, errors and the end of one answer from the bytes of its body."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from sys import getsizeof

from ..records import Call, Delta, Kind, Mark, Other, StreamEvent, TextMode, Usage
from ..sse import NO_DATA, NDJSONParser, SSEParser
from .base import EMPTY, ERROR_LIMIT, Doc, Format, Options, ReadData, ReadEvent, Whole, broke_off, is_repeat
from .body import (
    DONE,
    HEAD,
    HeldBody,
    WholeBody,
    error_outside,
    fast_loads,
    load_list,
    load_object,
    load_value,
    looks_like_event_stream,
    page_text,
    parser_for,
)
from .failures import error_text, failure_in, names_failure, says_error
from .marking import marking
from .shape import NONE_ALIKE, Alike, Queued, Shape, shape_of
from .strange import StrangeEvents, is_pulse
from .table import detect, detect_event, detect_whole
from .trail import Trail

ID_LIMIT = 2_000
"""Characters that an identifier may have."""
MOST_SHAPES, CHUNKS_A_SHAPE = 3, 8
"""So many times the shape of an event is looked for in an answer at least, and once more for so many chunks: it costs
as much as reading an event."""
PROBES = 64
"""JSON events after which detection gives up."""

DOC_COST = 3
"""About how many bytes of memory one byte of JSON takes as a document."""

# A member is looked up through its class much slower, and these are asked for with each token.
ADD, TEXT, REASONING = TextMode.ADD, Kind.TEXT, Kind.REASONING
USAGE, ERROR, END, KEEP_ALIVE = (Mark(kind) for kind in (Kind.USAGE, Kind.ERROR, Kind.END, Kind.KEEP_ALIVE))


class AnswerReader:
    """Bytes of a body in; text, reasoning, usage, ids, end and error of the answer out.

    `fmt` None finds the format out: the first event that can only be of one format decides, and the events before it
    are read again in that format.  While nothing has decided, they are read as `guessed` (what the URL speaks for),
    and without a guess only errors and `[DONE]` are understood.  `options` are those of tests/vectors/README.md.
    `content_type` is the header as it came ("" for none).  Bytes may be cut anywhere, and nothing that they say raises.
    With `whole` the body is to be one JSON object, which is read as one event when the body ends.

    An event that brings text and nothing else is read by the shortest way; all others are looked at closely (`_look`):
    for failures under other names, tool calls, steps, whole answers, and whether they say anything at all.
    """

    def __init__(
        self,
        fmt: Format | None,
        options: Options,
        content_type: str,
        guessed: Format | None = None,
        *,
        whole: bool = False,
    ) -> None:
        self.ended = False
        """An end marker of the format came, and no choice is open."""
        self.last = False
        """Nothing that matters can follow: reading may stop here.  What is fed all the same is still read."""
        self.closing = False
        """`ended` or `last`."""
        self.late_chunks = 0
        """Those of `chunks` that came behind an end marker: what marks the end of this answer is not its end."""
        self.answer_started = False
        """Visible text has come."""
        self.chunks = 0
        """Events that brought new output: visible or reasoning text, of any choice, or pieces of tool calls."""
        self.call_chunks = 0
        """Those of `chunks` that brought tool calls and no text."""
        self.events = 0
        """Events dispatched (NDJSON: lines that are not blank); the index of an event is how many came before it."""
        self.json_events = 0
        """Events whose data is a JSON object."""
        self.body_bytes = 0
        self.first_token_event: int | None = None
        """Index of the first event with visible or reasoning text."""
        self.first_output_event: int | None = None
        """Index of the first event in `chunks`."""
        self.first_answer_event: int | None = None
        """Index of the first event with visible text."""
        self.usage: Usage | None = None
        self.finish_reason: str | None = None
        self.message_id: str | None = None
        self.conversation_id: str | None = None
        self.error: str | None = None
        """All that was reported as an error, at most `ERROR_LIMIT` characters."""
        self.broke_off: str | None = None
        """The finish reason of any choice that says that the server broke off."""
        self.error_outside: str | None = None
        """At the end: an error that stood in no event."""
        self.words = ""
        """At the end: what the server wrote that is nothing of an answer, perhaps the reason why there is none."""
        self.strange = StrangeEvents()
        """What could not be read."""
        self.trail = Trail()
        """What it did beside bringing text."""
        self._flow: Kind | None = None
        self._shape: Shape | None = None
        """That of the event before, if it was in one piece and brought text alone."""
        self._shapes = 0
        """How many were looked for."""
        self._verbatim = False
        self.detected: str | None = None
        """The format that the body shows itself to be, whatever `fmt` says."""
        self._options = options
        self._format: Format | None = None
        self._read: ReadEvent = _read_nothing
        self._raw: ReadData | None = None
        self._errors_anywhere = True
        self._load: Callable[[str], Doc | None] = load_object
        self._end_names: Set[str | None] = frozenset()
        self._whole = whole
        self._parser = WholeBody() if whole else parser_for(fmt, content_type)
        self._lone_data = self._parser.lone_data if isinstance(self._parser, SSEParser) else None
        self.head = b""
        """The first bytes of the body."""
        self._probes = PROBES
        self._undecided: list[tuple[int, str, Doc]] = []
        self._texts: list[str] = []
        self._thoughts: list[str] = []
        self._others: dict[int, list[str]] = {}
        self._calls: list[str] = []
        self._marked = self._understood = False
        self._open: set[int] = set()
        """The choices above 0 that have begun and not finished."""
        self._decided = fmt is not None
        assumed = fmt or guessed
        if assumed is not None:
            self._choose(assumed)

    def feed(self, data: bytes) -> int:
        """Reads on; gives the number of events completed by `data` that brought output that is new (`chunks`)."""
        self.body_bytes += len(data)
        shape = self._shape
        if shape is not None:
            if text := shape.text_in(data):
                self.events += 1
                self.json_events += 1
                self.chunks += 1
                self._texts.append(text)
                return 1
            if texts := shape.texts_in(data):
                return self._add_texts(texts)
            self._shape = None  # an event of another kind may change what those of this one mean
        if len(self.head) < HEAD:
            self.head += data[:HEAD]
        if self._lone_data is not None and (doc := self._lone_document(data)) is not None:
            before = self.chunks
            index = self.events
            self.events = index + 1
            self.json_events += 1
            delta = self._read("message", doc)
            if not self._add(index, delta):
                self._look(index, "message", doc, delta)
            elif self._verbatim and not self.closing:
                self._shape = shape if shape is not None and shape.fits(data) else self._new_shape(data, delta)
            return self.chunks - before
        events = self._parser.feed(data)
        return self._take(events) if events else 0

    def take(self, queued: Queued) -> Alike:
        """Takes reads that each bring one event like the one before, all but for its text; gives what they brought.

        The same as feeding each and noting its time; without any when the next read is to be fed.
        """
        alike = NONE_ALIKE if self._shape is None else self._shape.take(queued, self.body_bytes)
        if alike.texts:
            self.body_bytes = alike.notes[-2]
            self._add_texts(alike.texts)
        return alike

    def _add_texts(self, texts: list[str]) -> int:
        """Adds those of several events that brought text alone."""
        number = len(texts)
        self.events += number
        self.json_events += number
        self.chunks += number
        self._texts += texts
        return number

    def _new_shape(self, data: bytes, delta: Delta) -> Shape | None:
        """That of an event that brought text alone; None too once they have proved to be of little use."""
        if len(self.head) < HEAD or self._shapes > MOST_SHAPES + self.chunks // CHUNKS_A_SHAPE:
            return None
        self._shapes += 1
        return shape_of(data, delta, lambda doc: self._read("message", doc))

    def _lone_document(self, data: bytes) -> Doc | None:
        """The JSON object of the one event without a name that `data` is; None when it is anything else, or an error.

        A short cut past `SSEParser.feed`, `load_object` and `_take` for the events that bring the tokens.
        """
        if self._probes or self._lone_data is None or (value := self._lone_data(data)) is None:
            return None
        try:
            doc = fast_loads(value)
        except (ValueError, RecursionError):  # what is no strict JSON goes the long way, whatever it is
            return None
        return doc if type(doc) is dict and "error" not in doc else None

    def compact(self) -> int:
        """Puts the pieces of the texts together and gives about how many bytes all of the answer takes up now."""
        texts = (self._texts, self._thoughts, self._calls, *self._others.values())
        for pieces in texts:
            _join(pieces)
        text_bytes = sum(getsizeof(piece) for pieces in texts for piece in pieces)
        undecided = self.body_bytes * DOC_COST if self._undecided else 0
        return text_bytes + undecided + self._parser.held_bytes

    def close(self, *, cut: bool = False) -> int:
        """The end of the body, complete or `cut`; the result is that of `feed`."""
        before = self.chunks
        self._take(self._parser.close())
        if isinstance(self._parser, HeldBody) and not self._read_document(self._parser.document(), cut):
            error = self._parser.error()
            if error is not None:
                self._report(error)
        if not cut and self.error is None and self._close_ends and (self.chunks or self._understood):
            self._settle(end=True)
        new = self.chunks - before
        outside = self._parser.outside
        self.error_outside = error_outside(outside) if outside and not self.json_events * self._whole else None
        self.words = self._words(outside)
        # Where nothing but the connection says that an answer ends, nothing else says that its last step does.
        self.trail.close(self.chunks, self.body_bytes if self._close_ends and self.complete else None)
        return new

    @property
    def _close_ends(self) -> bool:
        return (self._format is not None and self._format.close_ends) or bool(self._options.get("close_ends"))

    def _read_document(self, text: str, cut: bool) -> bool:
        """Reads a document as the answer, where the format allows it; True when there was something in it."""
        fmt = self._format
        if not text or cut or fmt is None or not fmt.documents or self._raw is not None:
            return False
        self._take([StreamEvent("message", text)])
        if self.chunks:
            self._settle(end=True, last=True)
            return True
        self.events = self.json_events = 0  # a document, and none that was an event
        return self.error is not None

    def _words(self, outside: str) -> str:
        """What the server wrote that is nothing of an answer, for whoever wants to know why there is none."""
        if self._whole:
            return "" if self.json_events else page_text(outside) or outside
        return "; ".join(filter(None, [self.strange.said, self.strange.first_no_json, outside.strip()]))[:ERROR_LIMIT]

    @property
    def complete(self) -> bool:
        """An end marker came and no error."""
        return self.ended and self.error is None and self.broke_off is None

    @property
    def format_name(self) -> str:
        """The format that the answer is read in, "" while none is known."""
        return self._format.name if self._format is not None else ""

    @property
    def looks_like_stream(self) -> bool:
        """The body begins like an event stream, though perhaps not one event of it was finished."""
        return looks_like_event_stream(self.head)

    @property
    def cut_short(self) -> bool:
        """The body was to be one JSON object, began as one and ended before its end."""
        return isinstance(self._parser, WholeBody) and self._parser.cut_short

    @property
    def unknown(self) -> bool:
        """Events came, and none of them is of a known format."""
        # What a mere guess has read is nothing while no event shows the format: many things have a `content`.
        none_known = self.detected is None and not self._understood and not (self._decided and self.chunks)
        if self._calls:
            return False
        strange = self.strange.unknown + (0 if self._whole else self.strange.no_json)
        return none_known and self._raw is None and strange + self.chunks > 0

    @property
    def calls(self) -> str:
        """The names and arguments of the tool calls, of all choices."""
        return _joined(self._calls)

    @property
    def text(self) -> str:
        """The visible answer of choice 0; like all texts here it can be encoded as UTF-8."""
        return _joined(self._texts)

    @property
    def reasoning(self) -> str:
        """The reasoning, of all choices."""
        return _joined(self._thoughts)

    @property
    def choices(self) -> list[str]:
        """The visible text of each choice by index when there is more than one, else []."""
        if not self._others:
            return []
        return [self.text] + [_joined(self._others.get(index, [])) for index in range(1, max(self._others) + 1)]

    def _choose(self, fmt: Format) -> None:
        self._format = fmt
        self._read = fmt.whole_reader(self._options) if self._whole else fmt.reader(self._options)
        self._raw = fmt.raw_reader(self._options) if fmt.raw_reader is not None and not self._whole else None
        if self._raw is not None:
            self._lone_data = None
        self._errors_anywhere = fmt.error_anywhere
        self._load = load_value if fmt.any_value else load_list if fmt.lists else load_object
        self._end_names = fmt.ends_of(self._options) | {fmt.end_event}
        self._verbatim = fmt.verbatim and not self._options.get("milestones")
        if rules := self._options.get("milestones"):
            self._read = marking(self._read, rules)

    def _take(self, events: list[StreamEvent]) -> int:
        before = self.chunks
        for name, data, _, _ in events:
            index = self.events
            self.events = index + 1
            doc = self._load(data) if self._raw is None else None
            if doc is None:
                self._take_data(index, name, data)
                continue
            self.json_events += 1
            if self._probes:
                self._probe(index, name, doc)
            if name == "error" or "error" in doc:  # else a call is saved; this runs for each token
                self._take_doc(index, name, doc)
                continue
            delta = self._read(name, doc)
            if not self._add(index, delta):
                self._look(index, name, doc, delta)
        return self.chunks - before

    def _probe(self, index: int, name: str, doc: Doc) -> None:
        """Looks whether this event tells the format.  A guess that has brought text stands, whatever comes."""
        guess = self._format
        if guess is not None and guess.ndjson and not (self._decided or self._whole or self._is_ndjson()):
            self._format, self._read = None, _read_nothing  # lines of JSON are no event stream, whatever the path says
        fmt = detect_whole(doc) if self._whole else detect(name, doc, ndjson=self._is_ndjson()) or detect_event(doc)
        if fmt is None:
            self._probes -= 1
            if guess is not None and not self._decided:
                self.strange.add_guessed(doc)
            if self._decided or self.chunks or not self._probes:
                self._undecided.clear()  # there is nothing to read again
            else:
                self._undecided.append((index, name, doc))
            return
        self._probes = 0
        self.detected = fmt.name
        if not self._decided and fmt is not self._format and not self.chunks:
            self.trail, self._flow = Trail(), None
            self._choose(fmt)
            for earlier in self._undecided:
                self._take_doc(*earlier)
        self._undecided.clear()

    def _is_ndjson(self) -> bool:
        return self._parser.ndjson if isinstance(self._parser, HeldBody) else isinstance(self._parser, NDJSONParser)

    def _take_data(self, index: int, name: str, data: str) -> None:
        """An event whose data is no JSON object: an end marker, raw text, an error in plain words, or nothing."""
        fmt = self._format
        if data is NO_DATA:
            self.events -= 1  # the standard dispatches it to nobody; only some servers end so
        if fmt is not None and name in self._end_names:
            self._understood = True
            self._settle(end=True, last=True)
        elif data.strip() in DONE:
            self._settle(end=fmt is None or fmt.done_ends, last=True)
        elif self._raw is not None:
            self._add(index, self._raw(name, data))
        elif data and names_failure(name) and self._errors_anywhere:
            self._report(data)
        elif is_pulse(name, data):
            self.trail.add(KEEP_ALIVE, self.body_bytes)
        elif data.strip():
            self.strange.add_data(name, data)

    def _take_doc(self, index: int, name: str, doc: Doc) -> None:
        delta = self._read(name, doc)
        if (name == "error" or ("error" in doc and says_error(doc["error"]))) and self._errors_anywhere:
            delta = delta._replace(error=delta.error or error_text(doc))
        if not self._add(index, delta):
            self._look(index, name, doc, delta)

    def _look(self, index: int, name: str, doc: Doc, delta: Delta) -> None:
        """Looks closely at an event that brought no text, or more than that."""
        fmt = self._format
        ends = delta.end and not self._whole
        self._understood = self._understood or ends or delta.usage is not None or delta.finish_reason is not None
        if fmt is not None and (calls := fmt.calls(name, doc)) and not (self._calls and delta.end):
            self._add_calls(index, calls, counted=not (delta.text or delta.reasoning))
            return
        if delta.marks:
            self._understood = True
            return  # the format knows this event: it is no failure under a strange name
        if fmt is not None and fmt.whole is not None and fmt.whole.as_event and not self._whole:
            self._take_whole(index, fmt.whole, doc)
        if self.error is None and delta.error is None and self._errors_anywhere:
            failure = failure_in(name, doc)
            if failure is not None:
                self._report(failure)
                return
        if is_pulse(name, str(doc.get("type", ""))):
            self.trail.add(KEEP_ALIVE, self.body_bytes)
        elif not delta.error:
            self.strange.add_doc(name, doc, nothing_read=not (self._understood or self.chunks or delta.text))

    def _add_calls(self, index: int, calls: Sequence[Call], *, counted: bool) -> None:
        """Adds the tool calls of an event; `counted`: it brought no text, which would have made it a chunk already."""
        for call in calls:
            self.trail.call(call, self.chunks, self.body_bytes)
        self._calls.append(" ".join(filter(None, (call.text for call in calls))))
        self._flow = Kind.TOOL_CALL
        if counted:
            if self.first_output_event is None:
                self.first_output_event = index
            self.chunks += 1
            self.call_chunks += 1
            self.late_chunks += self.closing

    def _take_whole(self, index: int, whole: Whole, doc: Doc) -> None:
        """Reads a whole answer that came as an event of a stream: what was streamed before is not read again."""
        if whole.detects is not None and whole.read is not None and whole.detects(doc):
            self._understood = True
            self._add(index, whole.read(doc, self._options)._replace(mode=TextMode.REPEAT, end=True))

    def _add(self, index: int, delta: Delta) -> bool:
        """Adds what an event says; True when that was text and nothing that needs a closer look."""
        text, reasoning, mode, others, usage, reason, message_id, conversation_id, error, end, last, marks = delta
        late = self.closing
        if (end or late) and mode is ADD:
            text, reasoning = self._unless_repeated(text, self._texts), self._unless_repeated(reasoning, self._thoughts)
        if mode is not ADD or reasoning:
            new = self._put(text, reasoning, mode, index)
        elif text:
            self._texts.append(text)
            if self._flow is not TEXT:
                self._turn(TEXT, index)
            new = True
        else:
            new = False
        if others:
            new = self._add_others(others, index) or new
        if new:
            self.chunks += 1
            if late:
                self.late_chunks += 1
        if (self.message_id is None and message_id) or (conversation_id and self.conversation_id is None):
            self._note_ids(message_id, conversation_id)
        if end or last or usage is not None or reason is not None or error is not None:
            self._note(usage, reason, error, end, last)
        if marks:
            self._add_marks(index, marks, counted=not new)
        return new and reason is None and not (end or marks)

    def _add_marks(self, index: int, marks: tuple[Mark | Call, ...], *, counted: bool) -> None:
        if calls := [mark for mark in marks if isinstance(mark, Call)]:
            self._add_calls(index, calls, counted=counted)
        for mark in marks:
            if isinstance(mark, Mark):
                self.trail.add(mark, self.body_bytes)

    def _turn(self, flow: Kind, index: int) -> None:
        """The event of this index brings text or reasoning, and the chunk before did not."""
        self._flow = flow
        if self.first_token_event is None:
            self.first_token_event = index
        if self.first_output_event is None:
            self.first_output_event = index
        if flow is TEXT and not self.answer_started:
            self._start_answer(index)
        self.trail.turn(flow, self.chunks, self.body_bytes)

    def _start_answer(self, index: int) -> None:
        self.answer_started = True
        self.first_answer_event = index

    def _note_ids(self, message_id: str | None, conversation_id: str | None) -> None:
        """The first of each holds."""
        self.message_id = self.message_id or (_whole(message_id)[:ID_LIMIT] if message_id else None)
        self.conversation_id = self.conversation_id or (_whole(conversation_id)[:ID_LIMIT] if conversation_id else None)

    def _unless_repeated(self, text: str, pieces: list[str]) -> str:
        """A text at the end of an answer; "" when it is all of `pieces` once more, as some gateways send it."""
        # A repeat begins with the first piece: looking at that alone is enough for nearly all that is none.
        if not text or not pieces or not text.startswith(pieces[0]):
            return text
        return "" if is_repeat(text, pieces, self.chunks) else text

    def _put(self, text: str, reasoning: str, mode: TextMode, index: int) -> bool:
        """Puts in reasoning, or text that is no mere addition, see `TextMode`; True when it counts as new."""
        if mode is TextMode.REPLACE:
            self._texts = [text]
            if text and not self.answer_started:
                self._start_answer(index)
            return False
        if mode is ADD:
            visible, hidden = _put_new(text, self._texts), _put_new(reasoning, self._thoughts)
        elif mode is TextMode.WHOLE:
            visible, hidden = _put_whole(text, self._texts), _put_whole(reasoning, self._thoughts)
        else:
            part = mode is TextMode.PART
            visible, hidden = _put_repeated(text, self._texts, part), _put_repeated(reasoning, self._thoughts, part)
        if hidden and self._flow is not REASONING and not (visible and self._flow is TEXT):
            self._turn(REASONING, index)
        if visible and self._flow is not TEXT:
            self._turn(TEXT, index)
        return visible or hidden

    def _add_others(self, others: tuple[Other, ...], index: int) -> bool:
        """Adds what an event says of the choices above 0; True when it is text."""
        for choice, text, reason in others:
            self._others.setdefault(choice, []).append(text)
            if reason is not None:
                self._open.discard(choice)
                self._note_reason(reason)
            elif text:
                self._open.add(choice)
        self._settle()
        new = any(text for _, text, _ in others)
        if new and self._flow is not TEXT:
            self._turn(TEXT, index)
        return new

    def _note(self, usage: Usage | None, reason: str | None, error: str | None, end: bool, last: bool) -> None:
        """The facts that few events bring.  Of each count the last value holds; they are never added up."""
        if usage is not None:
            self.trail.add(USAGE, self.body_bytes)
            known = self.usage or usage
            self.usage = Usage(*(now if now is not None else before for before, now in zip(known, usage, strict=True)))
        if reason is not None:
            self.finish_reason = _whole(reason)[:ERROR_LIMIT]
            self._note_reason(reason)
        if error is not None:
            self._report(error)
        self._settle(end, last)

    def _note_reason(self, reason: str) -> None:
        """Keeps a finish reason of any choice that says that the server broke off."""
        known = frozenset[str]() if self._format is None else self._format.broken_off
        fine = self._format is not None and reason in self._format.proper_ends
        if not fine and broke_off(reason, known):
            self.broke_off = _whole(reason)[:ERROR_LIMIT]

    def _settle(self, end: bool = False, last: bool = False) -> None:
        """Whether the answer has ended, now that a marker of its end came, or a choice began or finished."""
        if end and not self._marked:
            self.trail.add(END, self.body_bytes)
        self._marked = self._marked or end
        self.last = self.last or last
        self.ended = self._marked and (self.last or not self._open)
        self.closing = self.ended or self.last

    def _report(self, error: str) -> None:
        """An error; what differs from those before it is put behind them."""
        error = _whole(error)
        self.trail.add(ERROR, self.body_bytes)
        if self.error is None:
            self.error = error[:ERROR_LIMIT]
        elif error not in self.error:
            self.error = f"{self.error}; {error}"[:ERROR_LIMIT]
        self._settle(last=True)


def _put_new(text: str, pieces: list[str]) -> bool:
    """Adds a text; True when there is any."""
    if text:
        pieces.append(text)
    return text != ""


def _put_whole(text: str, pieces: list[str]) -> bool:
    """Puts a text that is all so far in the place of `pieces`; True when that changes something."""
    if not text or text == "".join(pieces):
        return False
    pieces[:] = [text]
    return True


def _put_repeated(text: str, pieces: list[str], part: bool) -> bool:
    """Adds a text that repeats all of the answer, or a `part` of it, unless it was read before; True: it is new."""
    known = "".join(pieces)
    if not text or (text in known if part else known):
        return False
    pieces.append(text)
    return True


def _read_nothing(_event: str, _doc: Doc) -> Delta:
    return EMPTY


def _join(pieces: list[str]) -> None:
    if len(pieces) > 1:
        pieces[:] = ["".join(pieces)]


def _joined(pieces: list[str]) -> str:
    """The pieces as one valid text; they are kept joined, so that asking again is cheap."""
    _join(pieces)
    return _whole(pieces[0]) if pieces else ""


def _whole(text: str) -> str:
    """`text` with its halves of UTF-16 surrogate pairs put together; a half that stays alone becomes U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
