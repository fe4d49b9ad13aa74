"""Writes the settings of a run as a file for `--config`: all that were given, on the line or elsewhere."""

from __future__ import annotations

import json
from typing import Any

from ..flags import FLAGS, Flag
from ..masking import Masker
from ..texts import Texts, printable
from .flag_values import FlagValues
from .sources import NOT_IN_A_FILE

TEXTS: Texts = {
    "masked_here": ("masked, so give it again", "已隐藏，请重新给出"),
}


def settings_of(flags: FlagValues, masker: Masker) -> dict[str, Any]:
    """{flag key: value} of all given flags that define the run; secrets are masked.

    Output files are left out, since a repeated run is to write others.  So is a key that is only the fallback of a key
    file, and the token of a cluster: masked they would be of no use.
    """
    stands_by = {"cluster_token", *(("api_key",) if "api_key_file" in flags.given else ())}
    kept = (flag for flag in _settings() if not flag.writes_file and flag.key not in stands_by)
    return {flag.key: flags.written(flag, masker) for flag in kept if flag.key in flags.given}


def settings_text(flags: FlagValues, masker: Masker) -> str:
    """All settings as TOML, in tables by group, each with its origin; defaults are comments."""
    lines = [f"# {text}" for text in flags.warnings]
    for group in dict.fromkeys(flag.group for flag in FLAGS):
        found = [_setting(flags, flag, masker) for flag in _settings() if flag.group == group]
        if any(found):
            lines += ["", f"[{group}]", *filter(None, found)]
    return "\n".join(lines).lstrip("\n") + "\n"


def _settings() -> list[Flag]:
    return [flag for flag in FLAGS if flag.key not in NOT_IN_A_FILE]


def _setting(flags: FlagValues, flag: Flag, masker: Masker) -> str:
    """The line of one flag, "" when it was not given and has no default."""
    name = flag.names[0][2:]
    if flag.key in flags.given:
        written = flags.written(flag, masker)
        value, origin = json.dumps(written, ensure_ascii=False), printable(flags.origin(flag.key))
        if "…" in value and written != flags.written(flag._replace(mask=str), Masker(())):
            # As a setting it would be refused, or sent as it stands.
            return f"# {name} = {value}  # {origin}; {flags.say('masked_here')}"
        return f"{name} = {value}  # {origin}"
    default = flags.defaults[flag.key]
    return "" if default is None else f"# {name} = {json.dumps(default, ensure_ascii=False)}"
