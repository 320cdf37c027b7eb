"""Story files: what ships can be read; what is wrong is named with file, step and cure."""

from __future__ import annotations

from pathlib import Path

import pytest

from booth import storyfile
from booth.story_checks import matches, problem
from booth.story_site import site_problem
from booth.storyfile import Expectation, Step, StoryError

STORIES = Path(__file__).parents[2] / "assets" / "stories"
SHORT = """
title = "short"
[[step]]
question = "Welcome"
press = "begin"
[[step]]
question = "{question}"
{rest}
[end]
outcome = "served"
"""


def load(folder: Path, text: str) -> storyfile.Story:
    file = folder / "mine.toml"
    file.write_text(text, encoding="utf-8")
    return storyfile.load(file)


@pytest.mark.parametrize("file", sorted(STORIES.glob("*.toml")), ids=lambda file: file.stem)
def test_shipped_story_is_whole(file: Path) -> None:
    story = storyfile.load(file)
    assert story.step[0].question == "Welcome"
    assert file.read_text(encoding="utf-8").startswith("# "), "a story says first what happens in it"


def test_the_seven_kinds_of_story_ship() -> None:
    names = {file.stem for file in STORIES.glob("*.toml")}
    served = {"pension-served", "report-served", "certificate-served"}
    assert served <= names
    assert {"pension-cancelled", "face-refused", "card-pulled", "paper-out", "backend-down", "time-out"} <= names


@pytest.mark.parametrize(
    ("question", "rest", "words"),
    [
        ("Hello", "", "step 2 (Hello): question 'Hello' does not exist; there are: "),
        ("Consent", "pres = 'primary'", "step 2 (Consent): pres: unknown key: remove it or correct its spelling"),
        ("Consent", "key = 'enter'", "key 'enter' does not exist; there are: 0, 1"),
        ("Consent", "overlay = 'Popup'", "overlay 'Popup' does not exist; there are: "),
        ("Consent", "do = { weather = 'rain' }", "step 2 (Consent): do.weather: unknown key"),
        ("Consent", "do = {}", "nothing to do: name at least one control"),
        ("Consent", "do = { card_fault = 'mute' }", "card_fault needs card"),
        ("Consent", "do = { paper = 'wet' }", "do.paper: Input should be 'full', 'low' or 'out'"),
        ("Consent", "do = { site = { smoke = 'alarm' } }", "step 2 (Consent): do.site.smoke"),
        ("Consent", "do = { acknowledge = 'fire' }", "step 2 (Consent): do.acknowledge: String should match"),
        ("Consent", "do = { knob = { 'noise.drop' = -1 } }", "do.knob.noise.drop: Input should be greater"),
        ("Consent", "expect = { alarm = { 'a.b/c' = 'loud' } }", "expect.alarm.a.b/c: Input should be 'normal'"),
        ("Consent", "expect = { health = { 'noise' = 'ill' } }", "expect.health.noise: Input should be 'unknown'"),
        ("Consent", "skip_s = -1", "step 2 (Consent): skip_s: Input should be greater than 0"),
        ("Consent", "field = 'phone'", "only AskField and EnterKey have one; remove it"),
        ("AskField", "type = '1'\nkey = '1'", "split it into two steps"),
        ("Consent", "expect = { mood = 'good' }", "expect.mood: unknown key"),
    ],
)
def test_errors_name_file_step_and_cure(tmp_path: Path, question: str, rest: str, words: str) -> None:
    with pytest.raises(StoryError) as caught:
        load(tmp_path, SHORT.format(question=question, rest=rest))
    assert str(tmp_path / "mine.toml") in str(caught.value)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("title = 'x'", "step: missing: add it"),
        ("title = 'x'\nstep = 3\n[end]\noutcome = 'served'", "write every step as its own [[step]]"),
        ("title = 'x'\n[[step]]\nquestion = 'Welcome'", "end: missing: add it"),
        ("title = ", "correct the TOML there"),
    ],
)
def test_broken_files_are_named(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(StoryError) as caught:
        load(tmp_path, text)
    assert "mine.toml" in str(caught.value)
    assert words in str(caught.value)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoryError, match=r"none\.toml: no such file"):
        storyfile.load(tmp_path / "none.toml")


EVENT = {
    "name": "ChooseWay",
    "title": "怎样确认是您本人？",
    "help": "哪种办法都一样好。",
    "status": "",
    "controls": [
        {"id": "face", "name": "看摄像头", "value": "", "hint": "", "enabled": True},
        {"id": "clerk", "name": "请工作人员核对", "value": "", "hint": "一两分钟", "enabled": False},
    ],
}


@pytest.mark.parametrize(
    ("expected", "is_met"),
    [
        ({"title_has": "确认"}, True),
        ({"title_has": "办好了"}, False),
        ({"text_has": "一两分钟"}, True),
        ({"text_has": "验证码"}, False),
        ({"text_has_not": "验证码"}, True),
        ({"text_has_not": "摄像头"}, False),
        ({"has_control": "face"}, True),
        ({"has_control": "code"}, False),
        ({"has_no_control": "code"}, True),
        ({"has_no_control": "face"}, False),
        ({"is_disabled": "clerk"}, True),
        ({"is_disabled": "face"}, False),
        ({"is_disabled": "code"}, False),
        ({"spoken_has": "您还在吗"}, True),
        ({"spoken_has": "再见"}, False),
    ],
)
def test_every_expectation_can_be_met_and_missed(expected: dict[str, str], is_met: bool) -> None:
    found = problem(Expectation.model_validate(expected), EVENT, [{"text": "您还在吗？"}])
    assert (found == "") == is_met, found
    if not is_met:
        assert repr(next(iter(expected.values()))) in found


def test_a_step_waits_for_its_own_question() -> None:
    step = Step(question="AskField", field="phone")
    assert matches({"name": "AskField", "field": "phone"}, step)
    assert not matches({"name": "AskField", "field": "since"}, step)
    assert not matches({"name": "AskField", "field": "phone", "overlay": "StillThere"}, step)
    assert not matches({"name": "Review"}, step)


SITE = {
    "alarms": [{"key": "hall.loop/fire", "state": "unack"}],
    "devices": [
        {
            "name": "hall",
            "health": {"state": "online"},
            "points": [{"name": "loop", "seen": {"value": "alarm"}}, {"name": "later", "seen": None}],
        }
    ],
    "links": [{"name": "wire", "health": {"state": "lost"}}],
    "released": ["release.doors"],
    "told": [{"act": "call", "words": "Help is called"}],
}


@pytest.mark.parametrize(
    ("expected", "words"),
    [
        ({"alarm": {"hall.loop/fire": "unack", "hall.loop/other": "normal"}}, ""),
        ({"alarm": {"hall.loop/fire": "acked"}}, "alarm hall.loop/fire is unack, not acked"),
        ({"alarm": {"hall.loop/other": "latched"}}, "alarm hall.loop/other is normal, not latched"),
        ({"health": {"hall": "online", "wire": "lost"}}, ""),
        ({"health": {"cellar": "online"}}, "health of cellar is not there, not online"),
        ({"point": {"hall.loop": "alarm"}}, ""),
        ({"point": {"hall.later": "alarm"}}, "point hall.later is None, not alarm"),
        ({"released": {"release.doors": True, "release.barriers": False}}, ""),
        ({"released": {"release.doors": False}}, "released release.doors is True, not False"),
        ({"told_has": "Help"}, ""),
        ({"told_has": "Fire"}, "nobody was told 'Fire'"),
    ],
)
def test_what_the_watch_says_is_compared(expected: dict[str, object], words: str) -> None:
    found = site_problem(Expectation.model_validate(expected), SITE)
    assert words in found
    assert bool(words) == bool(found)
