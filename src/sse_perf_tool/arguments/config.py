"""The settings of a run as all its outputs show them: a `RunConfig` without secrets."""

from __future__ import annotations

import os
import platform
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from .. import __version__
from ..flags import COMMAND, EVERY_FLAG
from ..flags.checks import NO_KEY
from ..masking import Masker, mask_key, mask_url
from ..pace.schedule import processes_for
from ..records import Host, RunConfig
from .flag_values import FlagValues
from .goals import goal_settings
from .parsed import Address
from .settings import settings_of

_SAME_IN_CONFIG = ("model", "model_name", "conversation_id", "user", "api_key_file", "param_file", "request_body_file",
                   "retries", "seed", "cacert", "max_tokens", "temperature", "token_estimate", "tokenizer")  # fmt: skip


def run_config(
    flags: FlagValues,
    address: Address,
    format_name: str,
    options: Mapping[str, Any],
    masker: Masker,
    load: Mapping[str, Any],
) -> RunConfig:
    """The settings of a run; `load` has those of its load, from `load_settings`."""
    think_time_s, think_time_max_s = flags["think_time"] or (0.0, 0.0)
    prompt_tokens, prompt_spread_tokens = flags["prompt_tokens"] or (None, 0)
    return RunConfig(
        url=masker(mask_url(address.url)),
        format=format_name,
        format_options=options,
        query=None if flags["param_file"] or flags["prompt_tokens"] else flags["query"],
        api_key=mask_key(flags["api_key"]) if flags["api_key"] not in (None, NO_KEY) else None,
        ignore_eos=flags["ignore_eos"] is True,
        extra_body=flags.shown("extra_body", masker),
        headers={name: masker.header(name, value) for name, value in flags["header"] or ()},
        timeout_s=flags["timeout"],
        idle_timeout_s=flags["idle_timeout"],
        stream=not flags["no_stream"],
        compression_check=not flags["no_compression_check"],
        think_time_s=think_time_s,
        think_time_max_s=think_time_max_s,
        shuffle=flags["shuffle"] is True,
        prompt_tokens=prompt_tokens,
        prompt_spread_tokens=prompt_spread_tokens,
        shared_prefix_tokens=flags["shared_prefix_tokens"] or 0,
        context_tiers=flags["context_tiers"] or [],
        stall_ms=flags["stall_ms"],
        insecure=flags["insecure"] is True,
        strict=flags["strict"] is True,
        lang=flags.language,
        command=shown_command(flags.argv, masker),
        version=__version__,
        **machine(),
        flags=settings_of(flags, masker),
        processes=processes(flags),
        metrics_url=flags["metrics_url"] and masker(mask_url(flags["metrics_url"].geturl())),
        calibrate_itl_ms=flags["itl_ms"] if flags["calibrate"] else None,
        **load,
        **goal_settings(flags),
        **{key: flags[key] for key in _SAME_IN_CONFIG},
    )


def processes(flags: FlagValues) -> int:
    """The number of processes that share the threads."""
    # A batch waits for all of its requests, and a process knows only its own.
    wanted = 1 if flags["batch"] else flags.given.get("processes")
    return processes_for(wanted, flags["threads"], os.cpu_count() or 1)


def shown_command(argv: Sequence[str], masker: Masker) -> str:
    """The command line with all secrets masked, those too short for the masker as well."""
    rows = {name: flag for flag in EVERY_FLAG for name in flag.names}
    shown, row = [], None
    for argument in argv:
        name, equals, value = argument.partition("=")
        if row is not None:
            shown.append(row.masked(argument, masker))
            row = None
        elif argument.startswith("-H") and len(argument) > len("-H"):
            shown.append("-H" + rows["-H"].masked(argument[len("-H") :], masker))
        elif equals and name in rows:
            shown.append(f"{name}={rows[name].masked(value, masker)}")
        else:
            shown.append(masker(mask_url(argument)))
            row = rows[argument] if argument in rows and rows[argument].check else None
    return f"{COMMAND} {shlex.join(shown)}".rstrip()


def machine() -> dict[str, Any]:
    """The fields of `RunConfig` that tell this machine and its reading thread."""
    from ..wire import reader_kind  # only here: it brings requests with it, which --help has no need of

    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    host = Host(system, platform.python_version(), os.cpu_count() or 1, reader_kind())
    return {"host_info": host.line, "host": host, "reader": host.reader}
