"""The session of one user: how it is opened before the first request, by a flag or by its format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from http.client import HTTPException
from typing import Any

import requests
import urllib3

from ..formats.body import load_value
from ..formats.session import Ask, Opening, Opens, Session, Told
from ..sse import SSEParser
from ..wire import Exchange, reads
from .steps import ANSWER_BYTES, id_in
from .steps import Opening as Wanted
from .target import Target

ANSWERED_S = 0.25
"""How long the rest of an answer is waited for when what matters has come, so that its connection may be used again."""

REFUSED_S = 2.0
"""The same for the words of a refusal: some servers never end them."""


def opens_of(target: Target) -> Opens | None:
    """How the sessions of a run are opened: as the user says, else as the format does; None: there are none."""
    if target.opening is not None:
        return partial(_as_wanted, target.opening)
    return None if target.format is None else target.format.opens


def _as_wanted(wanted: Wanted, _given: Mapping[str, str]) -> Opening:
    told = yield Ask("", wanted.body, url=wanted.url)
    own_id = id_in(told.body, wanted.path) if told.ok else None
    return None if own_id is None else Session(own_id)


def told_of(
    response: requests.Response, exchange: Exchange, answered: Callable[[dict[str, Any]], bool] = lambda _doc: False
) -> Told:
    """What came back, up to `ANSWER_BYTES`: read to its end, or until `answered` takes one of its events for all of it.

    An answer that breaks off is what came of it.  Raises what `reads` does when its time is over.
    """
    headers = {name.lower(): value for name, value in response.headers.items()}
    streams = headers.get("content-type", "").partition(";")[0].strip().lower() == "text/event-stream"
    parser, body = SSEParser(), b""
    docs: list[dict[str, Any]] = []
    if not response.ok:
        exchange.finish_within(REFUSED_S)
    try:
        for _, data in reads(response, exchange):
            body += data
            new = [] if not streams else [doc for event in parser.feed(data) if (doc := _object_in(event.data))]
            docs += new
            if any(map(answered, new)):
                exchange.finish_within(ANSWERED_S)
            if len(body) >= ANSWER_BYTES:
                break
    except (urllib3.exceptions.HTTPError, HTTPException, OSError, ValueError):
        if exchange.stopped_by not in (None, "enough"):
            raise
    finally:
        response.close()
    if not streams and (doc := _object_in(body.decode("utf-8", "replace"))):
        docs = [doc]
    return Told(response.status_code, headers, docs, body)


def _object_in(text: str) -> dict[str, Any] | None:
    value = load_value(text)
    return value if isinstance(value, dict) else None
