"""The words of every question: there in both languages, short, kind, the heading first, nothing personal aloud."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from hardware import card_reader
from hardware.card_reader import CardError, KeyNeeded, KeyRefused, ReaderLost
from hardware.speech import Utterance
from kiosk.text import Text, read_catalogue
from kiosk.visit import questions as q
from kiosk.visit import troubles
from kiosk.visit.presentation import trouble_of
from kiosk.visit.wording import Words, overlay_words, words_for
from tests.kiosk.visit.samples import CATALOGUES, OVERLAYS, ROOT, SECRET, TITLES, questions, rows, texts

LANGUAGES = ("zh", "en")
LONGEST_ZH = 20  # characters a sentence, R26
LONGEST_EN = 12  # words a sentence
MOST_SENTENCES = 3  # a screen, R26
HIGHEST_GRADE = 6.0  # Flesch-Kincaid, R26
TOO_LONG: dict[str, str] = {}  # message id -> why it may be longer than LONGEST_ZH
MORE_SENTENCES = {q.Consent: "what is read, what for, and that one may refuse belong on one page (PIPL art. 17)"}
HARD_WORDS = {  # words of four syllables and more, and why they stay
    "confirmation": "the service's name", "contribution": "the document's name", "contributions": "the document's name",
    "verification": "printed on the certificate", "security": "the card's name", "certificate": "the document's name",
    "maternity": "the insurance's name", "unemployment": "the insurance's name", "available": "plain enough",
    "accessible": "the signs say so", "community": "the office's name", "everything": "plain enough",
    "identity": "the card's name",
}  # fmt: skip
JARGON = {
    "zh": ("系统", "服务器", "后台", "终端", "超时", "生物", "识别", "参数", "接口", "非法", "无效", "错误", "失败",
           "操作", "异常", "用户", "提示", "点击", "务必", "严禁", "禁止", "不得", "活体", "采集", "鉴权"),
    "en": ("error", "invalid", "server", "system", "timeout", "authenticat", "biometric", "database", "failed", "user",
           "illegal", "forbidden", "click", "submit your", "process", "network", "terminal", "abort", "denied"),
}  # fmt: skip


def every(language: str) -> Iterator[tuple[q.Question, Words]]:
    text = texts()[language]
    for question in questions(text):
        yield question, words_for(question, text, TITLES)


def every_overlay(language: str) -> Iterator[Words]:
    yield from (overlay_words(overlay, texts()[language]) for overlay in OVERLAYS)


def parts(words: Words) -> list[str]:
    """All texts of a screen."""
    found = [words.title, words.help, words.primary, *words.labels.values(), *words.more_help]
    return [part for part in [*found, *(u.text for u in words.spoken)] if part]


def sentences(text: str) -> list[str]:
    return [s for s in re.split(r"[。？！.?!]", text) if re.search(r"\w", s)]


def zh_length(sentence: str) -> int:
    """Han characters and digits; punctuation and the places of values do not count."""
    return len(re.findall(r"[\u4e00-\u9fff0-9]", sentence))


def syllables(word: str) -> int:
    core = re.sub(r"(?:[^laeiouy]es|ed|[^laeiouy]e)$", "", word.lower())
    return max(1, len(re.findall(r"[aeiouy]+", core)))


def grade(text: str) -> float:
    """Flesch-Kincaid grade level."""
    words = re.findall(r"[A-Za-z']+", text)
    return 0.39 * len(words) / len(sentences(text)) + 11.8 * sum(map(syllables, words)) / len(words) - 15.59


# -- complete ---------------------------------------------------------------------------------------------------------


def test_every_question_has_its_words_tried() -> None:
    every_type = {one for one in vars(q).values() if isinstance(one, type) and issubclass(one, q.Question)}
    assert {type(one) for one, _ in every("zh")} == every_type - {
        q.Question,
        q.WayOut,
    }  # that one has two languages: test_front.py
    assert {type(one) for one in OVERLAYS} == set(q.Overlay.__args__)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_title_is_the_first_thing_spoken(language: str) -> None:
    for question, words in every(language):
        assert words.title, question
        assert words.spoken[0].text == words.title, question
        assert not words.spoken[0].private, question
        assert {u.language for u in words.spoken} == {language}
    for words in every_overlay(language):
        assert words.spoken[0].text == words.title


def test_chinese_screens_hold_no_english() -> None:
    for question, words in [*every("zh"), *((None, w) for w in every_overlay("zh"))]:
        for part in parts(words):
            assert not re.search(r"[A-Za-z]{2,}", part.replace(SECRET, "")), (question, part)


def test_english_screens_hold_no_chinese() -> None:
    for question, words in [*every("en"), *((None, w) for w in every_overlay("en"))]:
        for part in parts(words):
            assert not re.search(r"[\u4e00-\u9fff]", part), (question, part)


def test_what_is_shown_is_also_spoken() -> None:
    for question, words in every("zh"):
        if words.help:
            assert words.help in {u.text for u in words.spoken}, question


# -- short, kind, plain -----------------------------------------------------------------------------------------------


def test_chinese_sentences_are_short() -> None:
    messages = CATALOGUES.messages("zh")
    long = {m: s for m, t in messages.items() for s in sentences(t) if zh_length(s) > LONGEST_ZH}
    assert long.keys() == TOO_LONG.keys(), long


def test_english_sentences_are_short() -> None:
    for message in CATALOGUES.messages("zh"):
        for sentence in sentences(message):
            assert len(sentence.split()) <= LONGEST_EN, message


@pytest.mark.parametrize("language", LANGUAGES)
def test_few_sentences_a_screen(language: str) -> None:
    for question, words in every(language):
        points = question.points if isinstance(question, q.Consent) else ()
        running = sentences(words.help) + [s for point in points for s in sentences(point)]
        most = MOST_SENTENCES + 1 if type(question) in MORE_SENTENCES else MOST_SENTENCES
        assert len(running) <= most, (question, running)
        assert len(sentences(words.title)) <= 2, words.title
        assert len(words.more_help) <= MOST_SENTENCES


def test_english_is_easy() -> None:
    for question, words in every("en"):
        running = ". ".join((words.title, words.help, *words.more_help)).replace(SECRET, "")
        assert grade(running) <= HIGHEST_GRADE, (question, running)


def test_long_english_words_are_known() -> None:
    files = (ROOT / "assets" / "translations" / "zh" / f"{name}.po" for name in ("kiosk", "services"))
    said = " ".join(re.sub(r"{\w+}", "", message) for file in files for message in read_catalogue(file))
    assert {w.lower() for w in re.findall(r"[A-Za-z]+", said) if syllables(w) > 3} == HARD_WORDS.keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_shouting_and_no_jargon(language: str) -> None:
    zh = CATALOGUES.messages("zh")
    for sentence in zh.values() if language == "zh" else zh:
        assert "!" not in sentence
        assert "！" not in sentence
        assert not [word for word in JARGON[language] if word in sentence.lower()], sentence


def test_residents_are_addressed_politely() -> None:
    for message, sentence in CATALOGUES.messages("zh").items():
        assert "你" not in sentence, message  # 您


# -- nothing personal aloud -------------------------------------------------------------------------------------------


def aloud(utterances: tuple[Utterance, ...]) -> str:
    """What everybody near the booth hears when no headset is in."""
    return " ".join(u.instead if u.private else u.text for u in utterances)


@pytest.mark.parametrize("language", LANGUAGES)
def test_personal_values_are_private(language: str) -> None:
    text = texts()[language]
    shown = 0
    for question, words in [*every(language), (None, words_for(q.Review(rows=rows(text)), text, TITLES))]:
        shown += any(SECRET in part for part in parts(words))
        assert SECRET not in aloud(words.spoken), question
        for one in words.spoken:
            assert not (one.private and one.is_fixed), "a personal value must not get into the cache of sentences"
            assert not one.private or one.instead, "whoever has no headset must hear that something is there"
    assert shown >= 5  # prefill, address, review, code: the values are there to be found


# -- keys and tables --------------------------------------------------------------------------------------------------


@functools.cache
def sources() -> tuple[tuple[Path, ast.Module], ...]:
    files = [file for file in sorted((ROOT / "kiosk" / "visit").glob("*.py")) if file.name != "troubles.py"]
    return tuple((file, ast.parse(file.read_text(encoding="utf-8"))) for file in files)


def strings(node: ast.AST) -> set[str]:
    return {n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)}


def called(name: str) -> Iterator[ast.Call]:
    for _, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and name == getattr(node.func, "attr", getattr(node.func, "id", "")):
                yield node


def returned(function: str) -> set[str]:
    return {s for n in ast.walk(_function(function)) if isinstance(n, ast.Return) for s in strings(n)} - {""}


def _function(name: str) -> ast.AST:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    (found,) = (n for _, t in sources() for n in ast.walk(t) if isinstance(n, kinds) and n.name == name)
    return found


def chosen(node: ast.expr) -> set[str]:
    """What an expression can come to, its conditions left out."""
    return chosen(node.body) | chosen(node.orelse) if isinstance(node, ast.IfExp) else strings(node)


def keyword(call: ast.Call, name: str) -> set[str]:
    return {s for k in call.keywords if k.arg == name for s in strings(k.value)} - {""}


def card_troubles() -> set[str]:
    kinds = [one for one in vars(card_reader).values() if isinstance(one, type) and issubclass(one, CardError)]
    elsewhere = (ReaderLost, KeyNeeded, KeyRefused)  # waited for; asked for and asked again
    return {trouble_of(kind("")) for kind in kinds if kind not in elsewhere}


def test_every_trouble_and_option_in_the_code_has_words() -> None:
    calls = [*called("trouble")]
    assert len(calls) >= 5
    for call in calls:
        assert strings(call.args[0]) <= troubles.TROUBLE.keys(), ast.unparse(call)
        assert strings(call.args[1]) <= troubles.TROUBLE_OPTIONS.keys(), ast.unparse(call)


def test_every_reason_for_another_way_has_words() -> None:
    found = {s for call in called("OtherWay") for n in call.args for s in chosen(n)} - {""}
    assert found
    assert found <= troubles.WAY_TROUBLE.keys()


def test_every_wait_has_words() -> None:
    found = {s for call in called("Working") for s in keyword(call, "what")}
    assert found == set(troubles.WORKING)


def test_every_reason_of_a_device_has_words_wherever_it_is_shown() -> None:
    paper, offered = returned("paper_trouble"), returned("judge")
    assert paper <= troubles.NOT_OFFERED.keys() & troubles.RECEIPT_TROUBLE.keys() & troubles.TROUBLE.keys()
    assert offered >= troubles.LIMITED.keys()
    assert paper | offered - troubles.LIMITED.keys() == troubles.NOT_OFFERED.keys()
    by_error = {
        s for n in ast.walk(_function("_print")) if isinstance(n, ast.Dict) for v in n.values for s in strings(v)
    }
    assert by_error
    assert by_error | returned("_print") <= troubles.RECEIPT_TROUBLE.keys()
    assert card_troubles() <= troubles.CARD_TROUBLE.keys()
    assert troubles.RECEIPT_TROUBLE.keys() == paper


def test_no_table_has_words_that_nobody_needs() -> None:
    used = {s for _, tree in sources() for s in strings(tree)} | card_troubles()
    for name, table in vars(troubles).items():
        if isinstance(table, dict) and name != "COACHING" and not name.startswith("_"):
            assert not {key for key in table if key not in used}, name


def test_every_coaching_has_words() -> None:
    from hardware.face import Coaching

    assert set(troubles.COACHING) == set(Coaching)


def test_every_outcome_has_its_goodbye() -> None:
    from kiosk.visit.leaving import Left

    text: Text = texts()["en"]
    for outcome in {left.outcome for left in Left.__subclasses__()} | {"served", "nothing_to_do"}:
        words = words_for(q.Goodbye(outcome), text, TITLES)
        assert words.title
        assert (outcome in ("served", "nothing_to_do")) == words.title.startswith("All done"), outcome
