"""Language and colour."""

from __future__ import annotations

import pytest

from command_lines import KEYED, parsed


@pytest.mark.parametrize(
    ("argv", "environ", "lang"),
    [
        ([], {"LANG": "zh_CN.UTF-8"}, "zh"),
        ([], {"LANG": "en_US.UTF-8"}, "en"),
        (["--lang", "en"], {"LANG": "zh_CN.UTF-8"}, "en"),
        (["--lang=zh"], {}, "zh"),
        (["--lang", "ZH"], {}, "zh"),
    ],
)
def test_the_language_is_that_of_the_flag_else_of_the_locale(
    argv: list[str], environ: dict[str, str], lang: str
) -> None:
    arguments = parsed(*KEYED, *argv, environ=environ)
    assert (arguments.lang, arguments.config.lang) == (lang, lang)


@pytest.mark.parametrize(("value", "color"), [("1", False), ("", True)])
def test_no_color_of_the_environment_counts_unless_it_is_empty(value: str, *, color: bool) -> None:
    assert parsed(*KEYED, environ={"NO_COLOR": value}).color is color
