from __future__ import annotations

from sse_perf_tool.chat_server.answers import answer_tokens, count_tokens, split_tokens


def test_a_cjk_character_is_a_token_and_so_is_a_word() -> None:
    assert split_tokens("你好，GPT 4 models") == ["你", "好", "，", "GPT", " 4", " models"]


def test_white_space_belongs_to_the_token_after_it_and_nothing_is_lost() -> None:
    assert split_tokens(" a\n\n你 b ") == [" a", "\n\n你", " b", " "]


def test_no_text_has_no_tokens() -> None:
    assert split_tokens("") == []


def test_tokens_of_several_texts_are_added() -> None:
    assert count_tokens(["你好", "two words", ""]) == 4


def test_a_chinese_question_gets_a_chinese_answer() -> None:
    assert "".join(answer_tokens("你是谁")).startswith("关于“你是谁”：")


def test_any_other_question_gets_an_english_answer() -> None:
    assert "".join(answer_tokens("Who are you?")).startswith('About "Who are you?": ')


def test_a_later_turn_says_which_it_is_and_what_was_asked_before() -> None:
    answer = "".join(answer_tokens("and now?", turn=3, asked_before="second"))
    assert answer.startswith('This is turn 3 of our conversation; before it you asked "second". ')


def test_the_same_question_gets_the_same_answer() -> None:
    assert answer_tokens("hello") == answer_tokens("hello")


def test_a_length_cuts_the_answer_or_repeats_the_script() -> None:
    assert len(answer_tokens("hello", length=3)) == 3
    assert len(answer_tokens("hello", length=500)) == 500
    assert len(answer_tokens("你好", length=1)) == 1


def test_a_repeated_script_keeps_its_words_apart() -> None:
    tokens = answer_tokens("hello", length=500)
    assert tokens[0] == "About"
    assert all(token.startswith(" ") for token in tokens[1:])


def test_braces_and_half_characters_in_a_question_do_no_harm() -> None:
    assert "{query}" in "".join(answer_tokens("{query} {0}"))
    assert answer_tokens("\ud800")
