"""`Trail`: what an answer did beside bringing text: it thought, called tools, went through steps, named sources.

No clock: places in the body stand for times.  Who stamped the reads turns one into the other (`AnswerTimeline`).
Text that follows on text leaves no trail, so that an ordinary answer costs nothing here.
"""

from __future__ import annotations

from ..records import Call, Kind, Mark

MOST_PARTS = 256
"""Parts of an answer that are kept; what begins behind them is counted with the last part of its kind and name."""
MOST_NAMES = 32
"""Different names of moments that are kept."""
NAME_CHARS = 80

TEXT, REASONING = Kind.TEXT, Kind.REASONING
MOMENTS = frozenset({Kind.STEP, Kind.CITATION, Kind.USAGE, Kind.KEEP_ALIVE, Kind.ERROR, Kind.END})
"""Kinds that have no length: of each name the first, the last and the number are kept."""


class Part:
    """A part of an answer, in places of its body (bytes up to the end of a read).

    `kind` is that of its begin.  `end` is None while nothing has said that it ended.  Text and reasoning have the
    number of their `first` chunk; `count` is how many events it had.
    """

    __slots__ = ("begin", "count", "end", "first", "id", "kind", "last", "name")

    def __init__(self, kind: Kind, name: str, begin: int, first: int | None = None, own_id: str = "") -> None:
        self.kind, self.name, self.begin, self.last, self.first, self.id = kind, name, begin, begin, first, own_id
        self.end: int | None = None
        self.count = 0 if first is not None else 1


class Trail:
    """Collects the parts of one answer, in the order in which they began."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.moved = False
        """Whether something was added; for whoever looks now and then."""
        self.flow: Kind | None = None
        """What the newest chunk was: text, reasoning or a tool call."""
        self._flowing: Part | None = None
        self._calls: dict[str, Part] = {}
        self._runs: list[tuple[str, Part]] = []
        """Tool calls whose result has not come, by key."""
        self._steps: list[tuple[str, Part]] = []
        self._moments: dict[tuple[Kind, str], Part] = {}
        self._newest_call: Part | None = None

    @property
    def plain(self) -> bool:
        """Whether it is that of an ordinary answer: text, signs of life, and what ends it."""
        return all(part.kind is TEXT or part.kind in _ORDINARY for part in self.parts)

    def turn(self, kind: Kind, chunk: int, place: int) -> None:
        """The chunk of this number is of another kind than the one before."""
        self._close_flow(chunk)
        self.flow, self.moved = kind, True
        if kind is TEXT or kind is REASONING:
            self._flowing = self._new(kind, "", place, chunk)

    def close(self, chunks: int, place: int | None = None) -> None:
        """The answer has ended, after so many chunks; with a `place` the steps that are open end there as well."""
        self._close_flow(chunks)
        while place is not None and self._steps:
            _, step = self._steps.pop()
            step.end = place

    def _close_flow(self, chunk: int) -> None:
        if self._flowing is not None and self._flowing.first is not None:
            self._flowing.count += max(1, chunk - self._flowing.first)
            self._flowing = None

    def call(self, call: Call, chunk: int, place: int) -> None:
        """A piece of a tool call, which the chunk of this number brought."""
        self.moved = True
        if self.flow is not Kind.TOOL_CALL:
            self.turn(Kind.TOOL_CALL, chunk, place)
        known = self._newest_call if not (call.key or call.name) else self._calls.get(call.key)
        if known is None or (call.name and not call.key) or (call.id and known.id and call.id != known.id):
            self._begin_call(call.name, call.key, call.id, place)
        else:
            known.count += 1
            known.last = place
            known.name = known.name or call.name[:NAME_CHARS]

    def _begin_call(self, name: str, key: str, own_id: str, place: int) -> None:
        part = self._newest_call = self._new(Kind.TOOL_CALL, name, place, own_id=own_id)
        if key:
            self._calls[key] = part
        self._runs.append((own_id or key, part))
        del self._runs[:-MOST_PARTS]

    def add(self, mark: Mark, place: int) -> None:
        """Something that an event says beside text."""
        self.moved = True
        kind, name, key = mark
        if kind in MOMENTS:
            self._moment(kind, name, place)
        elif kind is Kind.TOOL_CALL:
            if key not in self._calls:
                self._begin_call(name, key, key, place)
        elif kind is Kind.TOOL_END:
            known = self._calls.get(key) if key else self._newest_call
            if known is not None and known.end is None:
                known.last = known.end = place
        elif kind is Kind.TOOL_RESULT:
            self._result(name, key, place)
        elif kind is Kind.STEP_BEGIN:
            self._steps.append((key or name, self._new(Kind.STEP, name, place)))
            del self._steps[:-MOST_PARTS]
        elif kind is Kind.STEP_END:
            self._end_step(name, key, place)

    def _result(self, name: str, key: str, place: int) -> None:
        """The work of a tool is done; it began when its arguments were whole."""
        fits = [at for at, (own, part) in enumerate(self._runs) if (own == key if key else name in ("", part.name))]
        if fits:
            _, call = self._runs.pop(fits[0])
            run = self._new(Kind.TOOL_RESULT, name or call.name, call.last)
            call.end = run.end = place
        else:
            self._new(Kind.TOOL_RESULT, name, place)

    def _end_step(self, name: str, key: str, place: int) -> None:
        wanted = key or name
        for at in range(len(self._steps) - 1, -1, -1):
            own, part = self._steps[at]
            if not wanted or own == wanted:
                part.end = place
                part.name = part.name or name[:NAME_CHARS]
                del self._steps[at]
                return

    def _moment(self, kind: Kind, name: str, place: int) -> None:
        known = self._moments.get((kind, name))
        if known is not None:
            known.count += 1
            known.last = place
        elif len(self._moments) < MOST_NAMES:
            self._moments[kind, name] = self._new(kind, name, place)

    def _new(self, kind: Kind, name: str, place: int, first: int | None = None, own_id: str = "") -> Part:
        part = Part(kind, name[:NAME_CHARS], place, first, own_id)
        if len(self.parts) < MOST_PARTS:
            self.parts.append(part)
        return part


_ORDINARY = frozenset({Kind.USAGE, Kind.END, Kind.ERROR, Kind.KEEP_ALIVE})
