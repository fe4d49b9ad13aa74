"""The scripted answers: Chinese to a Chinese question and English to any other, split into tokens.

Pure functions.  The same question at the same place of a conversation gets the same answer.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from itertools import cycle, islice

_CJK = "\u3000-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_TOKEN = re.compile(rf"\s*(?:[{_CJK}]|[^\s{_CJK}]+)|\s+")

_OPENINGS = {
    "zh": ("关于“{query}”：", "这是我们对话的第 {turn} 轮，上一轮您问的是“{before}”。关于“{query}”："),
    "en": ('About "{query}": ', 'This is turn {turn} of our conversation; before it you asked "{before}". '),
}
_SCRIPTS = {
    "zh": (
        (
            "我是一个用来练习压力测试的聊天服务，回答来自预先写好的脚本。首字时间由服务端的延迟决定，"
            "之后每个字按固定的间隔送出，所以您可以把测得的数字和设定值对照，看看测量是否可信。"
        ),
        (
            "流式输出让用户不必等待整段回答。服务端每生成一个词就立即发送，浏览器收到后马上显示。"
            "衡量体验最重要的两个指标，是首字时间和相邻两个字之间最长的停顿。"
        ),
        (
            "并发数增加时，先观察首字时间的第九十五百分位，再看吞吐量是否还在上升。"
            "如果吞吐量不再增加而延迟继续变长，说明系统已经饱和，继续加压只会让排队更长。"
        ),
        (
            "多轮对话会带上之前的内容，因此提示词越来越长，首字时间也会逐轮增加。"
            "测试时应当按轮次分别统计，不要把第一轮和第十轮混在一起求平均。"
        ),
    ),
    "en": (
        (
            "I am a chat server made for practising load tests, and my answers come from a script. The first token "
            "waits for a delay that you set, and the others follow at a fixed pace, so you can hold what you measure "
            "against what is true."
        ),
        (
            "Streaming spares people the wait for a whole answer. Each word is sent as soon as it is there, and the "
            "page shows it at once. What people feel is the time to the first word and the longest pause between two."
        ),
        (
            "As concurrency grows, watch the 95th percentile of the time to first token, then see whether throughput "
            "still rises. When it stays flat and delays grow, the system is full: more load only makes queues longer."
        ),
        (
            "A conversation of many turns carries everything said before, so the prompt grows and the first token "
            "comes later with each turn. Count each turn by itself, and never average the first with the tenth."
        ),
    ),
}
_QUOTED = 40
"""Characters of a question that an answer repeats."""


def answer_tokens(query: str, turn: int = 1, asked_before: str = "", length: int = 0) -> list[str]:
    """The tokens of the answer to `query`; joined they are its text.

    `turn` counts from 1 within the conversation, and `asked_before` is the question of the turn before.  There are
    `length` of them (the script repeated or cut), 0 for as many as the script has.
    """
    language = "zh" if _HAN.search(query) else "en"
    opening = _OPENINGS[language][turn > 1].format(query=query[:_QUOTED], turn=turn, before=asked_before[:_QUOTED])
    scripts = _SCRIPTS[language]
    script = scripts[zlib.crc32(query.encode(errors="replace")) % len(scripts)]
    if not length:
        return split_tokens(opening + script)
    more = split_tokens(" " + script) if language == "en" else split_tokens(script)
    return [*split_tokens(opening.rstrip()), *islice(cycle(more), length)][:length]


def split_tokens(text: str) -> list[str]:
    """`text` cut into tokens, joined again the same text: each CJK character or mark, each other word.

    The white space before a token belongs to it; at the end of the text it is a token of its own.
    """
    return _TOKEN.findall(text)


def count_tokens(texts: Sequence[str]) -> int:
    """How many tokens the texts have together."""
    return sum(len(split_tokens(text)) for text in texts)
