"""One GET of a server, to learn what it is (`arguments.endpoint` says what follows)."""

from __future__ import annotations

import time
from collections.abc import Mapping

from ..arguments.endpoint import Reply
from ..texts import loads_bounded

WITHIN_S = 5.0
MOST_BYTES = 1 << 20
"""No list of models is longer; a stream that has no end is not read to it."""


def get_json(url: str, headers: Mapping[str, str], verify: bool | str) -> Reply:
    """The answer to a GET, with its JSON if it is that; redirects are not followed, as headers may hold a key."""
    import requests  # only here: most runs name their endpoint

    until_s = time.monotonic() + WITHIN_S
    try:
        with requests.get(
            url, headers=dict(headers), verify=verify, timeout=WITHIN_S, stream=True, allow_redirects=False
        ) as answer:
            body = b""
            for piece in answer.iter_content(65_536):
                body += piece
                if len(body) > MOST_BYTES or time.monotonic() > until_s:
                    return Reply(answer.status_code)
    except requests.exceptions.SSLError:
        return Reply(None, reason="no_tls")
    except requests.exceptions.Timeout:
        return Reply(None, reason="too_late")
    except (requests.exceptions.RequestException, ValueError) as error:
        return Reply(None, reason="refused" if "refused" in str(error) else type(error).__name__)
    try:
        return Reply(answer.status_code, loads_bounded(body.decode("utf-8", "replace")))
    except ValueError:
        return Reply(answer.status_code)
