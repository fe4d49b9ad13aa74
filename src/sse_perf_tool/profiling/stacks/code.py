"""Whose code a place is."""

from __future__ import annotations

import re

from ..hooks.reading import Code

_FOREIGN = re.compile(
    r"[\\/](site-packages|dist-packages|node_modules|profiling[\\/]hooks)[\\/]"
    r"|[\\/]lib(64)?[\\/]python\d\.\d+[\\/]"
    r"|^(node:|internal[\\/]|<|\(|native|$)"
    r"|[\\/](bin|Scripts)[\\/][^\\/.]+$"
    r"|\.(so|c|cc|cpp|h|rs|pyx)(\.\d+)*$"
)


def is_own(place: Code) -> bool:
    """Whether it is code of the server itself: neither of a package, nor of the language or what is below it."""
    return _FOREIGN.search(place.file) is None and place.function != "<module>" and "/" in place.file.replace("\\", "/")


def short(place: Code) -> str:
    """The file as the page shows it: from its package on, never the folders of the machine."""
    parts = re.split(r"[\\/]", place.file)
    for mark in ("site-packages", "dist-packages", "node_modules"):
        if mark in parts:
            return "/".join(parts[parts.index(mark) + 1 :])
    if found := re.search(r"[\\/]lib(?:64)?[\\/]python\d\.\d+[\\/](.+)$", place.file):
        return found[1]
    return "/".join(parts[-2:])


def module_of(place: Code) -> str:
    """What a frame is coloured by: "own", "native", "std" or the name of its package."""
    if _FOREIGN.search(place.file) is None:
        return "own"
    parts = re.split(r"[\\/]", place.file)
    for mark in ("site-packages", "dist-packages", "node_modules"):
        if mark in parts[:-1]:
            return parts[parts.index(mark) + 1].removesuffix(".py")[:40]
    if place.file.startswith("node:") or re.search(r"[\\/]python\d\.\d+[\\/]|^<", place.file):
        return "std"
    return "native"
