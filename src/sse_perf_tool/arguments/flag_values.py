"""The checked values of the flags, from the command line, the environment or a file.

argparse splits the line into flags and values; `sources` reads those of the environment and of a file.  Everything else
is done here, so that each wrong usage becomes one line that names the flag, the value and what to do, in the user's
language.
"""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import UsageError
from ..flags import COMMANDS, ENGLISH_QUERY, FLAGS, FLAGS_OF, Flag, checks, flag_name, load_checks
from ..flags.serve import SERVE_FLAGS
from ..flags.synonyms import CLOSE, COMMANDS_MEANT, RUN_WORDS, meant_by
from ..masking import Masker, mask_key, mask_text
from ..texts import LANGUAGES, Say, Texts, printable, speaker
from . import sources
from .sources import Given, Source

TEXTS = {
    "unknown": ("{flag}: no such flag; did you mean {closest}?", "{flag}：没有这个参数，是否想用 {closest}？"),
    "unknown_flag": ("{flag}: no such flag; --help lists all", "{flag}：没有这个参数，用 --help 查看全部"),
    "known_elsewhere": (
        "{flag}: no such flag here, only with {commands}; --help lists all",
        "{flag}：此处没有这个参数，仅用于 {commands}，用 --help 查看全部",
    ),
    "a_run": ("a run", "普通测试"),
    "needs_value": (
        "a value is missing; write {flag} {metavar} (or {flag}={metavar} if it begins with -)",
        "缺少值，请写 {flag} {metavar}（值以 - 开头时写 {flag}={metavar}）",
    ),
    "unexpected": (
        'unexpected argument "{value}"; put a value with spaces in quotes, and a command ({commands}) first',
        "多余的参数 {value}，含空格的值要用引号括起，命令（{commands}）要写在最前",
    ),
    "unexpected_near": (
        'unexpected argument "{value}"; did you mean {closest}?',
        "多余的参数 {value}，是否想用 {closest}？",
    ),
    "no_command": (
        'unexpected argument "{value}"; a run has no word for itself, leave it out',
        "多余的参数 {value}：普通测试不需要命令，请去掉它",
    ),
    "no_value": ("takes no value; write it alone", "不带值，请单独书写"),
}

SPOKEN: Texts = {**checks.TEXTS, **load_checks.TEXTS, **sources.TEXTS, **TEXTS}
"""The texts of every command."""


class Exclusion(NamedTuple):
    """Two flags that exclude each other: one source may not give both; of two sources the stronger one counts."""

    key: str
    other: str
    problem: str | None = None
    """The error when one source gives both; None when it may."""
    unless: Callable[[str], bool] = lambda _value: False
    """Whether a value of `key`, as typed and in lower case, does not exclude `other`."""
    part: bool = False
    """`other` is only a part of `key`: it cannot replace it even from a stronger source, so both are an error."""


_MEANT_FILES = {".yaml": "--config", ".yml": "--config", ".toml": "--config", ".jsonl": "report"}
"""What takes a file whose name ends so, where one stands in the place of an argument."""


class FlagValues:
    """The values of the flags: those given, else their defaults.  `wrong` makes the error about a flag.

    A value comes from the command line, else from the environment, else from the file of --config.  `flags` are those
    of the command, `texts` the table of its errors, `exclusions` the pairs that exclude each other.  UsageError for a
    line or file that cannot be parsed and for a value that its flag refuses; `rest` has the arguments that belong to
    no flag.
    """

    def __init__(
        self,
        flags: Sequence[Flag],
        argv: Sequence[str],
        language: str,
        texts: Texts,
        environ: Mapping[str, str] | None = None,
        exclusions: Sequence[Exclusion] = (),
        *,
        reads_settings: bool = True,
        get: Any = None,
        spoken: str | None = None,
    ) -> None:
        self._spoken = spoken
        self.get = get
        """Asks a server, see `endpoint.Get`; None: nothing may be sent."""
        self.argv, self._taken = argv, flags
        self._texts = {**SPOKEN, **texts}
        self._speak(language)
        self.defaults: dict[str, Any] = {flag.key: flag.default for flag in (*FLAGS, *flags)}
        line, self.rest = _split(flags, argv, self.say)
        self._take_url(line)
        environment, self.warnings = sources.from_environment(environ or {}, flags, self.say)
        self._given = environment | line
        self.given: dict[str, Any] = {flag.key: self._checked(flag) for flag in self._flags("config")}
        if self.given and reads_settings:
            file = self.load("config", lambda path, language: sources.from_file(path, flags, language, self.say))
            self._given = file | self._given
        self._speak(self._language(language))
        if "lang" in self._given and self.language == "en":
            self.defaults["query"] = ENGLISH_QUERY
        self._leave_out(exclusions)
        self.given = {flag.key: self._checked(flag) for flag in self._flags(*self._given)}

    def __getitem__(self, key: str) -> Any:
        return self.given.get(key, self.defaults[key])

    def name(self, key: str) -> str:
        """The name of a flag for messages: as the user gave it, else that of the command line."""
        given = self._given.get(key)
        return flag_name(key) if given is None or given.source is Source.LINE else given.label

    def source(self, key: str) -> Source:
        """Where the value of a flag comes from."""
        return self._given[key].source if key in self.given else Source.DEFAULT

    def first(self, *keys: str) -> str | None:
        """The name of the first of these flags that was given."""
        return next((self.name(key) for key in keys if key in self.given), None)

    def wrong(self, key: str, problem: str, **values: object) -> UsageError:
        """The error "--flag value: problem"; `problem` is a key of the texts."""
        return UsageError(self._line(key, self.say(problem, **values)))

    def written(self, flag: Flag, masker: Masker) -> Any:
        """The value of a flag that was given, as written to a file of settings, with secrets masked."""
        typed = self._given[flag.key].typed
        if flag.check is None:
            return True
        texts = [
            sources.plain(flag.masked(text, masker)) for text in (typed if isinstance(typed, list) else [str(typed)])
        ]
        return texts if flag.repeat else texts[0]

    def shown(self, key: str, masker: Masker) -> str | None:
        """The value that was given for a flag as typed, with secrets masked; None when none was."""
        flag = next(flag for flag in FLAGS if flag.key == key)
        return flag.masked(str(self._given[key].typed), masker) if key in self.given else None

    def origin(self, key: str) -> str:
        """The origin of the value of a flag that was given: its name on the line or in the environment, or the file."""
        given = self._given[key]
        return given.place or given.name

    def drop(self, key: str) -> None:
        """Ignores the value that was given for a flag."""
        del self.given[key]
        del self._given[key]

    def refuse_rest(self) -> None:
        """UsageError when there are arguments that belong to no flag."""
        if not self.rest:
            return
        word = self.rest[0]
        if word in RUN_WORDS and word == self.argv[0] and self._taken is FLAGS:
            raise UsageError(self.say("no_command", value=word))
        names = [name for flag in self._taken for name in flag.names]
        meant = {name.lstrip("-"): name for name in (*names, *COMMANDS)}  # a word without dashes is a command first
        closest = difflib.get_close_matches(word, meant, 1, CLOSE)
        hint = _MEANT_FILES.get(Path(word).suffix) or COMMANDS_MEANT.get(word)
        if hint in meant.values():
            meant, closest = {str(hint): str(hint)}, [str(hint)]
        if not closest or word in COMMANDS:
            shown = word if word in COMMANDS or self._is_harmless(word) else mask_key(word)
            raise UsageError(self.say("unexpected", value=shown, commands=", ".join(COMMANDS)))
        raise UsageError(self.say("unexpected_near", value=printable(word, 40), closest=meant[closest[0]]))

    def _is_harmless(self, word: str) -> bool:
        """Whether a word that belongs to no flag may be shown: it may be a piece of a secret that lacks its quotes."""
        before = self.argv[: list(self.argv).index(word)]
        name = next((text for text in reversed(before) if text.startswith("-")), "").partition("=")[0]
        secret = any(name.startswith(known) for flag in self._taken if flag.holds_secrets for known in flag.names)
        return not secret and re.fullmatch("[a-z]{1,12}", word) is not None

    def load(self, key: str, loader: Callable[[str, str], Any]) -> Any:
        """The file that a flag names, read by `loader`; the flag's name is put before its error."""
        try:
            return loader(self[key], self.language)
        except UsageError as error:
            raise UsageError(self.labelled(key, printable(str(error)))) from error

    def load_warned(self, key: str, loader: Callable[[str, str, Callable[[str], None]], Any]) -> Any:
        """The same for a loader that warns: what it says goes to the warnings, with the flag's name in front."""

        def warn(text: str) -> None:
            self.warnings.append(self.labelled(key, printable(text)))

        return self.load(key, lambda path, language: loader(path, language, warn))

    def labelled(self, key: str, value: str) -> str:
        """The name of a flag for messages, followed by `value` as the source writes it."""
        given = self._given.get(key)
        if given is None or given.source is Source.LINE:
            given = Given("", Source.LINE, flag_name(key))
        return given.labelled(value)

    def find(self, key: str, typed: str) -> None:
        """Gives a flag a value that was found out, in place of what was given for it; it is written down as given."""
        origin = self._given.get(key) or Given("", Source.LINE, flag_name(key))
        self._given[key] = origin._replace(typed=typed)
        self.given[key] = self._checked(next(flag for flag in self._taken if flag.key == key))

    def _take_url(self, line: dict[str, Given]) -> None:
        """A URL that stands alone is that of --url."""
        place = next((at for at, word in enumerate(self.rest) if _LONE_URL.match(word)), None)
        if place is None or not any(flag.key == "url" for flag in self._taken):
            return
        url = self.rest.pop(place)
        if "url" in line:
            raise UsageError(f"{printable(mask_text(url), 80)}: {self.say('twice')} (--url)")
        line["url"] = Given(f"http://{url}" if _HOST_AND_PORT.fullmatch(url) else url, Source.LINE, "URL")

    def _flags(self, *keys: str) -> list[Flag]:
        """The rows of those of these flags that were given."""
        return [flag for flag in self._taken if flag.key in keys and flag.key in self._given]

    def _speak(self, language: str) -> None:
        self.language, self.say = language, speaker(self._texts, language)

    def _language(self, default: str) -> str:
        if self._spoken is not None:
            return self._spoken
        named = str(self._given["lang"].typed).lower() if "lang" in self._given else ""
        return named if named in LANGUAGES else default

    def _leave_out(self, exclusions: Sequence[Exclusion]) -> None:
        """Drops switches that are off, then of two flags that exclude each other the one of the weaker source."""
        for flag in self._flags(*self._given):
            if flag.check is None and not sources.truth(flag, self._given[flag.key], self.say):
                del self._given[flag.key]
        for key, other, problem, unless, part in exclusions:
            one, two = self._given.get(key), self._given.get(other)
            if one is None or two is None or unless(str(one.typed).lower()):
                continue
            if problem and (one.source == two.source or (part and one.source < two.source)):
                raise self.wrong(key, problem, other=self.name(other))
            if one.source != two.source:
                del self._given[key if one.source < two.source else other]

    def _checked(self, flag: Flag) -> Any:
        typed = self._given[flag.key].typed
        if flag.check is None:
            return True
        values = [
            self._checked_one(flag, flag.check, text) for text in (typed if isinstance(typed, list) else [str(typed)])
        ]
        return values if flag.repeat else values[0]

    def _checked_one(self, flag: Flag, check: checks.Check, text: str) -> Any:
        try:
            return check(checks.utf8(text, self.say), self.say)
        except UsageError as error:
            given = self._given[flag.key]._replace(typed=text)
            raise UsageError(printable(f"{given.shown(flag)}: {error}")) from None

    def _line(self, key: str, problem: str) -> str:
        flag = next(flag for flag in self._taken if flag.key == key)
        given = self._given.get(key) or Given("", Source.LINE, flag.names[0])
        return printable(f"{given.shown(flag)}: {problem}")


_HOST_AND_PORT = re.compile(r"(localhost|[\w.-]+:\d{1,5})(/\S*)?", re.IGNORECASE)
"""A URL without its scheme, as it is typed for a server nearby."""
_LONE_URL = re.compile(rf"[a-z][a-z0-9+.-]*://|{_HOST_AND_PORT.pattern}$|[\w-]+(\.[\w-]+)+/", re.IGNORECASE)
"""A word that is a URL or was meant to be one: `api.deepseek.com/chat` lacks its scheme, which its check says."""


def _name_used(flag: Flag, argv: Sequence[str]) -> str:
    typed = {argument.partition("=")[0] for argument in argv}
    return next((name for name in flag.names if name in typed), flag.names[0])


def _split(flags: Sequence[Flag], argv: Sequence[str], say: Say) -> tuple[dict[str, Given], list[str]]:
    """The line as {flag key: values} and the arguments that belong to no flag; UsageError for an unknown flag."""
    parser = argparse.ArgumentParser(
        add_help=False, allow_abbrev=False, exit_on_error=False, argument_default=argparse.SUPPRESS
    )
    for flag in (flag for flag in flags if flag.key != "help"):
        action = "store_true" if flag.check is None else "append" if flag.repeat else "store"
        parser.add_argument(*flag.names, dest=flag.key, action=action)
    try:
        found, rest = parser.parse_known_args(list(argv))
    except argparse.ArgumentError as error:
        raise _value_error(flags, str(error.argument_name), argv, say) from None
    for argument in rest:
        if argument.startswith("-") and argument.strip("-"):
            raise _unknown_flag(flags, argument, say)
    typed = ((flag, getattr(found, flag.key, None)) for flag in flags)
    return {
        flag.key: Given(text, Source.LINE, _name_used(flag, argv)) for flag, text in typed if text is not None
    }, rest


def server_words(words: Sequence[str], language: str) -> tuple[str, ...]:
    """The words of `serve` for the server, which checks the values itself.

    UsageError for a flag that there is none of, and for one without its value.
    """
    say = speaker({**checks.TEXTS, **TEXTS}, language)
    given, rest = _split(SERVE_FLAGS, words, say)
    if rest:
        raise UsageError(say("unexpected", value=printable(mask_text(rest[0]), 40), commands=", ".join(COMMANDS)))
    kept = ((each.name, each.typed) for key, each in given.items() if key != "lang")
    return tuple(name if typed is True else f"{name}={typed}" for name, typed in kept)


def _value_error(flags: Sequence[Flag], argument_name: str, argv: Sequence[str], say: Say) -> UsageError:
    """The error for a flag without a value, or a switch with one; argparse names it by all its names."""
    flag = next(flag for flag in flags if "/".join(flag.names) == argument_name)
    name = _name_used(flag, argv)
    problem = say("needs_value", flag=name, metavar=flag.metavar) if flag.check else say("no_value")
    return UsageError(f"{name}: {problem}")


def _shown_name(flags: Sequence[Flag], argument: str) -> str:
    """What an error may show of a flag that there is none of: a value may have been written to it without a space."""
    name = argument.partition("=")[0]
    if re.fullmatch("-{1,2}[A-Za-z_-]{1,30}", name):
        known = (known for flag in flags if flag.holds_secrets for known in flag.names if known.startswith("--"))
        glued = next((each for each in known if name.startswith(each) and len(name) > len(each) + 3), None)
        return name if glued is None else f"{glued}…"
    begin = re.match("-+([A-Za-z_-]*)", name)
    return f"{mask_text(begin[0])[:20] if begin else ''}…"


def _unknown_flag(flags: Sequence[Flag], argument: str, say: Say) -> UsageError:
    name = _shown_name(flags, argument)
    # Without the dashes, which would make any two names alike.
    names = {known.lstrip("-"): known for flag in flags for known in flag.names}
    if (meant := meant_by(name, names)) is not None:
        return UsageError(say("unknown", flag=name, closest=names[meant]))
    if known := [command for command, theirs in FLAGS_OF.items() if any(name in flag.names for flag in theirs)]:
        commands = ", ".join(command or say("a_run") for command in known)
        return UsageError(say("known_elsewhere", flag=name, commands=commands))
    return UsageError(say("unknown_flag", flag=name))
