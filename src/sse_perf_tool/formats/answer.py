"""`AnswerReader`: collects text, usage, ids, errors and the end of one answer from the bytes of its body."""

from __future__ import annotations

from sys import getsizeof

from ..records import Delta, StreamEvent, TextMode, Usage
from ..sse import NDJSONParser, SSEParser
from .base import EMPTY, ERROR_LIMIT, Doc, Format, Options, ReadData, ReadEvent, error_text, says_error
from .body import HEAD, HeldBody, WholeBody, fast_loads, load_object, looks_like_event_stream, parser_for
from .table import detect, detect_whole

PROBES = 64
"""JSON events after which detection gives up."""

DOC_COST = 3
"""About how many bytes of memory one byte of JSON takes as a document."""

_DONE = frozenset({"[DONE]", '"[DONE]"'})

ADD = TextMode.ADD  # a member is looked up through its class much slower, and this is asked for each token


class AnswerReader:
    """Bytes of a body in; text, reasoning, usage, ids, end and error of the answer out.

    `fmt` None finds the format out: the first event that can only be of one format decides, and the events before it
    are read again in that format.  While nothing has decided, they are read as `guessed` (what the URL speaks for),
    and without a guess only errors and `[DONE]` are understood.  `options` are those of tests/vectors/README.md.
    `content_type` is the header as it came ("" for none).  Bytes may be cut anywhere, and nothing that they say raises.
    With `whole` the body is to be one JSON object, which is read as one event when the body ends.
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
        """An end marker of the format came."""
        self.last = False
        """Nothing that matters can follow: reading may stop here.  What is fed all the same is still read."""
        self.answer_started = False
        """Visible text has come."""
        self.chunks = 0
        """Events that brought new visible or reasoning text, of any choice."""
        self.events = 0
        """Events dispatched (NDJSON: lines that are not blank); the index of an event is how many came before it."""
        self.json_events = 0
        """Events whose data is a JSON object."""
        self.body_bytes = 0
        self.first_token_event: int | None = None
        """Index of the first event in `chunks`."""
        self.first_answer_event: int | None = None
        """Index of the first event with visible text."""
        self.usage: Usage | None = None
        self.finish_reason: str | None = None
        self.message_id: str | None = None
        self.conversation_id: str | None = None
        self.error: str | None = None
        """All that was reported as an error, at most `ERROR_LIMIT` characters."""
        self.detected: str | None = None
        """The format that the body shows itself to be, whatever `fmt` says."""
        self._options = options
        self._format: Format | None = None
        self._read: ReadEvent = _read_nothing
        self._raw: ReadData | None = None
        self._errors_anywhere = True
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
        self._decided = fmt is not None
        assumed = fmt or guessed
        if assumed is not None:
            self._choose(assumed)

    def feed(self, data: bytes) -> int:
        """Reads on; gives the number of events completed by `data` that brought new visible or reasoning text."""
        self.body_bytes += len(data)
        if len(self.head) < HEAD:
            self.head += data[:HEAD]
        if self._lone_data is not None and (doc := self._lone_document(data)) is not None:
            before = self.chunks
            self.events += 1
            self.json_events += 1
            self._add(self.events - 1, self._read("message", doc))
            return self.chunks - before
        events = self._parser.feed(data)
        return self._take(events) if events else 0

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
        texts = (self._texts, self._thoughts, *self._others.values())
        for pieces in texts:
            _join(pieces)
        text_bytes = sum(getsizeof(piece) for pieces in texts for piece in pieces)
        undecided = self.body_bytes * DOC_COST if self._undecided else 0
        return text_bytes + undecided + self._parser.held_bytes

    def close(self) -> int:
        """The end of the body, complete or not; the result is that of `feed`."""
        new = self._take(self._parser.close())
        error = self._parser.error() if isinstance(self._parser, HeldBody) else None
        if error is not None:
            self._report(error)
        return new

    @property
    def complete(self) -> bool:
        """An end marker came and no error."""
        return self.ended and self.error is None

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

    def _take(self, events: list[StreamEvent]) -> int:
        before = self.chunks
        for name, data, _, _ in events:
            index = self.events
            self.events = index + 1
            doc = load_object(data) if self._raw is None else None
            if doc is None:
                self._take_data(index, name, data)
                continue
            self.json_events += 1
            if self._probes:
                self._probe(index, name, doc)
            if name == "error" or "error" in doc:  # else a call is saved; this runs for each token
                self._take_doc(index, name, doc)
            else:
                self._add(index, self._read(name, doc))
        return self.chunks - before

    def _probe(self, index: int, name: str, doc: Doc) -> None:
        """Looks whether this event tells the format.  A guess that has brought text stands, whatever comes."""
        fmt = detect_whole(doc) if self._whole else detect(name, doc, ndjson=self._is_ndjson())
        if fmt is None:
            self._probes -= 1
            if self._decided or self.chunks or not self._probes:
                self._undecided.clear()  # there is nothing to read again
            else:
                self._undecided.append((index, name, doc))
            return
        self._probes = 0
        self.detected = fmt.name
        if not self._decided and fmt is not self._format and not self.chunks:
            self._choose(fmt)
            for earlier in self._undecided:
                self._take_doc(*earlier)
        self._undecided.clear()

    def _is_ndjson(self) -> bool:
        return self._parser.ndjson if isinstance(self._parser, HeldBody) else isinstance(self._parser, NDJSONParser)

    def _take_data(self, index: int, name: str, data: str) -> None:
        """An event whose data is no JSON object: an end marker, raw text, an error in plain words, or nothing."""
        fmt = self._format
        if fmt is not None and name == fmt.end_event:
            self.ended = self.last = True
        elif data.strip() in _DONE:
            self.last = True
            self.ended = self.ended or fmt is None or fmt.done_ends
        elif self._raw is not None:
            self._add(index, self._raw(name, data))
        elif name == "error" and self._errors_anywhere and data:
            self._report(data)

    def _take_doc(self, index: int, name: str, doc: Doc) -> None:
        delta = self._read(name, doc)
        if (name == "error" or ("error" in doc and says_error(doc["error"]))) and self._errors_anywhere:
            delta = delta._replace(error=delta.error or error_text(doc))
        if delta is not EMPTY:
            self._add(index, delta)

    def _add(self, index: int, delta: Delta) -> None:
        text, reasoning, mode, others, usage, reason, message_id, conversation_id, error, end, last = delta
        if mode is ADD:
            if text:
                self._texts.append(text)
            if reasoning:
                self._thoughts.append(reasoning)
            new = text != "" or reasoning != ""
        else:
            new = self._put(text, reasoning, mode)
        if others:
            new = self._add_others(others) or new
        if new:
            self.chunks += 1
            if self.first_token_event is None:
                self.first_token_event = index
        if not self.answer_started and (text or any(other for _, other in others)):
            self.answer_started = True
            self.first_answer_event = index
        if self.message_id is None and message_id:
            self.message_id = _whole(message_id)[:ERROR_LIMIT]
        if conversation_id and self.conversation_id is None:
            self.conversation_id = _whole(conversation_id)[:ERROR_LIMIT]
        if end or last or usage is not None or reason is not None or error is not None:
            self._note(usage, reason, error, end, last)

    def _put(self, text: str, reasoning: str, mode: TextMode) -> bool:
        """Puts a text in the place of what was read so far; True when it is cumulative and differs from that."""
        if mode is TextMode.REPLACE:
            self._texts = [text]
            return False
        new = False
        if text and text != "".join(self._texts):
            self._texts = [text]
            new = True
        if reasoning and reasoning != "".join(self._thoughts):
            self._thoughts = [reasoning]
            new = True
        return new

    def _add_others(self, others: tuple[tuple[int, str], ...]) -> bool:
        """Adds the text of the choices above 0; True when there is any."""
        for choice, text in others:
            self._others.setdefault(choice, []).append(text)
        return any(text for _, text in others)

    def _note(self, usage: Usage | None, reason: str | None, error: str | None, end: bool, last: bool) -> None:
        """The facts that few events bring.  Of each count the last value holds; they are never added up."""
        if usage is not None:
            known = self.usage or usage
            self.usage = Usage(*(now if now is not None else before for before, now in zip(known, usage, strict=True)))
        if reason is not None:
            self.finish_reason = _whole(reason)[:ERROR_LIMIT]
        if error is not None:
            self._report(error)
        self.ended = self.ended or end
        self.last = self.last or last

    def _report(self, error: str) -> None:
        """An error; what differs from those before it is put behind them."""
        error = _whole(error)
        if self.error is None:
            self.error = error[:ERROR_LIMIT]
        elif error not in self.error:
            self.error = f"{self.error}; {error}"[:ERROR_LIMIT]
        self.last = True


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
