"""Values out of a file that may be damaged, held against what they have to be.

A file says what its bytes say: a flipped bit makes a time of a year, a list of a number.  What is taken in must fit, so
that nothing behind it has to doubt it: numbers are finite and of a size that means something, texts are texts.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

MOST = 2**53
"""No number in a file of ours is larger, nanoseconds since 1970 apart; up to here JSON keeps whole numbers whole."""


class UnfitError(ValueError):
    """A value that cannot be what its name says."""


def counted(row: Mapping[str, Any], name: str, most: int = MOST) -> int:
    """A whole number from 0 to `most`.  KeyError, `UnfitError`."""
    value = row[name]
    if type(value) is not int or not 0 <= value <= most:
        raise UnfitError(name)
    return value


def counted_or_none(row: Mapping[str, Any], name: str, most: int = MOST) -> int | None:
    """The same, or None, also where there is no such name."""
    return None if row.get(name) is None else counted(row, name, most)


def texts_of(row: Mapping[str, Any], names: Sequence[str], optional: Sequence[str]) -> dict[str, Any]:
    """Texts by name; those of `optional` may be None.  KeyError, `UnfitError`."""
    found = {name: row[name] for name in (*names, *optional)}
    for name, value in found.items():
        if type(value) is not str and not (value is None and name in optional):
            raise UnfitError(name)
    return found


@cache
def _hints(noun: type) -> dict[str, Any]:
    hints = get_type_hints(noun)
    return {field.name: hints[field.name] for field in fields(noun)}


def fitting(noun: type, document: Mapping[str, Any], least: float = -MOST) -> tuple[dict[str, Any], list[str]]:
    """The values for a noun out of an object, and the names of those that do not fit; no number is below `least`.

    Names that the noun does not know are left out, as a later version may have written them, and so is a null where
    something else is wanted.
    """
    checks = _checks_of(noun, least)
    found, unfit = {}, []
    for name, value in document.items():
        if name not in checks:
            continue
        if checks[name](value):
            found[name] = value
        elif value is not None:
            unfit.append(name)
    return found, unfit


def fitting_of(noun: type, row: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Those of these fields of a noun that an object has; no number is negative.  `UnfitError`."""
    hints, found = _hints(noun), {name: row[name] for name in names if name in row}
    for name, value in found.items():
        if not fits(value, hints[name], least=0):
            raise UnfitError(name)
    return found


def noun_of(noun: Any, document: Any) -> Any:
    """A noun whose values all fit.  `UnfitError` names the first that does not; TypeError when one is missing."""
    if not isinstance(document, dict):
        raise UnfitError(noun.__name__)
    found, unfit = fitting(noun, document)
    if unfit:
        raise UnfitError(unfit[0])
    return noun(**found)


def fits(value: object, hint: Any, least: float = -MOST) -> bool:
    """Whether a value out of JSON is what an annotation says.  Numbers are at least `least`, and at most `MOST`."""
    return _check_of(hint, least)(value)


_Check = Callable[[Any], bool]


@cache
def _checks_of(noun: type, least: float) -> dict[str, _Check]:
    return {name: _check_of(hint, least) for name, hint in _hints(noun).items()}


@cache
def _check_of(hint: Any, least: float) -> _Check:
    """The function that holds values against an annotation: there are few of these, and many values."""
    origin, inner = get_origin(hint), get_args(hint)
    if hint is Any:
        return lambda _value: True
    if origin in (Union, types.UnionType):
        checks = [_check_of(each, least) for each in inner]
        return lambda value: any(check(value) for check in checks)
    if hint is float:
        return lambda value: type(value) in (int, float) and least <= value <= MOST
    if hint is int:
        return lambda value: type(value) is int and least <= value <= MOST
    if isinstance(hint, type) and issubclass(hint, tuple):  # a NamedTuple, which is a list in JSON
        return _check_of_tuple(tuple(get_type_hints(hint).values()), least)
    if hint is type(None) or hint in (str, bool):
        return lambda value: type(value) is hint
    if isinstance(origin, type) and issubclass(origin, Mapping):
        of_value = _check_of(inner[1], least)
        return lambda value: type(value) is dict and all(map(of_value, value.values()))
    if isinstance(origin, type) and issubclass(origin, Sequence):
        of_item = _check_of(inner[0], least)
        return lambda value: type(value) in (list, tuple) and all(map(of_item, value))
    return lambda _value: False


def _check_of_tuple(kinds: tuple[Any, ...], least: float) -> _Check:
    checks = [_check_of(kind, least) for kind in kinds]

    def fit(value: Any) -> bool:
        if type(value) not in (list, tuple) or len(value) != len(checks):
            return False
        return all(check(each) for check, each in zip(checks, value, strict=True))

    return fit
