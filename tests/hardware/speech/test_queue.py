"""The order of speech, told as stories: say, touch, alert, headset; then what should sound."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.speech import Priority, Utterance
from hardware.speech.queue import PROTECTED_S, SpeechQueue, split_sentences

HINT, PAGE, FOCUS, ALERT = Priority.HINT, Priority.PAGE, Priority.FOCUS, Priority.ALERT


def u(text: str, priority: Priority = PAGE, **more: object) -> Utterance:
    return Utterance(text, "zh", priority, **more)  # type: ignore[arg-type]


def sounding(queue: SpeechQueue) -> str | None:
    return queue.current.text if queue.current else None


def finish(queue: SpeechQueue) -> str | None:
    """Let the current sentence sound to its end; give back the next one."""
    assert queue.current is not None
    queue.ended(queue.current.number)
    return sounding(queue)


def begin(queue: SpeechQueue, at_s: float) -> None:
    assert queue.current is not None
    queue.began(queue.current.number, at_s)


@pytest.mark.parametrize(
    ("language", "text", "sentences"),
    [
        ("zh", "您好。请放卡！好吗？", ["您好。", "请放卡！", "好吗？"]),
        ("zh", "共3.5元，请确认", ["共3.5元，请确认"]),
        ("zh", "一\n二", ["一", "二"]),
        ("en", "Hello. It costs 3.5 yuan. Go on?", ["Hello.", "It costs 3.5 yuan.", "Go on?"]),
        ("en", "Ask Mr. Li. He is at No. 5.", ["Ask Mr. Li.", "He is at No. 5."]),
        ("en", "", []),
        ("zh", "  \n ", []),
    ],
)
def test_sentences(language: str, text: str, sentences: list[str]) -> None:
    assert split_sentences(text, language) == sentences


def test_pages_follow_each_other_sentence_by_sentence() -> None:
    queue = SpeechQueue()
    queue.say([u("一。二。")])
    queue.say([u("三。")])
    assert sounding(queue) == "一。"
    assert [finish(queue), finish(queue), finish(queue)] == ["二。", "三。", None]
    assert queue.is_silent


def test_focus_replaces_focus_and_page() -> None:
    queue = SpeechQueue()
    queue.say([u("页。页二。")])
    queue.say([u("焦点一。焦点一乙。", FOCUS)])
    assert sounding(queue) == "焦点一。"
    queue.say([u("焦点二。", FOCUS)])
    assert sounding(queue) == "焦点二。"
    assert finish(queue) is None


def test_what_is_said_together_stays_together() -> None:
    queue = SpeechQueue()
    queue.say([u("旧页。")])
    queue.say([u("提示。", HINT), u("标题。", FOCUS), u("正文。"), u("按钮。", FOCUS)])
    assert sounding(queue) == "标题。"
    assert [finish(queue), finish(queue), finish(queue), finish(queue)] == ["按钮。", "正文。", "提示。", None]


def test_hint_is_dropped_when_anything_waits_and_gives_way() -> None:
    queue = SpeechQueue()
    queue.say([u("一。二。")])
    queue.say([u("提示。", HINT)])  # 二 waits
    assert [finish(queue), finish(queue)] == ["二。", None]
    queue.say([u("三。")])
    queue.say([u("提示。", HINT)])  # nothing waits: it may
    queue.say([u("四。")])  # now something does
    assert [finish(queue), finish(queue)] == ["四。", None]
    queue.say([u("提示。", HINT)])
    assert sounding(queue) == "提示。"
    queue.say([u("五。")])
    assert sounding(queue) == "五。"
    assert finish(queue) is None


def test_page_resumes_at_the_sentence_after_an_alert() -> None:
    queue = SpeechQueue()
    queue.say([u("一。二。三。")])
    finish(queue)
    queue.say([u("警报。", ALERT)])
    assert sounding(queue) == "警报。"
    assert [finish(queue), finish(queue), finish(queue)] == ["二。", "三。", None]


def test_focus_waits_for_an_alert() -> None:
    queue = SpeechQueue()
    queue.say([u("警报。", ALERT)])
    queue.say([u("焦点。", FOCUS)])
    assert sounding(queue) == "警报。"
    assert finish(queue) == "焦点。"


def test_touch_ends_everything_but_an_alert() -> None:
    queue = SpeechQueue()
    queue.say([u("一。二。"), u("焦点。", FOCUS)])
    queue.hush(1.0)
    assert queue.is_silent
    queue.say([u("一。")])
    queue.say([u("警报。再说。", ALERT)])
    queue.say([u("二。")])
    begin(queue, 10.0)
    queue.hush(10.5)
    assert sounding(queue) == "警报。"
    assert queue.cut_at_s == 10.0 + PROTECTED_S


def test_silence_ends_alerts_too_with_all_that_wait() -> None:
    queue = SpeechQueue()
    queue.say([u("火警", ALERT), u("往左走", ALERT)])
    queue.say([u("您好。")])
    begin(queue, 10.0)
    queue.silence()
    assert queue.is_silent
    queue.say([u("您想办什么事？")])
    assert sounding(queue) == "您想办什么事？"


def test_touched_alert_sounds_three_seconds_and_no_longer() -> None:
    queue = SpeechQueue()
    queue.say([u("警报一。警报二。", ALERT)])
    begin(queue, 10.0)
    queue.hush(10.1)
    queue.say([u("新页。", FOCUS)])
    finish(queue)
    begin(queue, 11.5)  # its second sentence: protection counts from the alert's beginning
    queue.tick(12.9)
    assert sounding(queue) == "警报二。"
    queue.tick(13.0)
    assert sounding(queue) == "新页。"


def test_alert_touched_after_three_seconds_ends_at_once_and_before_its_first_sound_not_at_all() -> None:
    queue = SpeechQueue()
    queue.say([u("警报。", ALERT)])
    queue.hush(5.0)  # still being synthesised
    assert sounding(queue) == "警报。"
    assert queue.cut_at_s is None
    begin(queue, 5.2)
    assert queue.cut_at_s == 5.2 + PROTECTED_S
    untouched = SpeechQueue()
    untouched.say([u("警报。", ALERT)])
    begin(untouched, 1.0)
    untouched.hush(4.5)
    assert untouched.is_silent


def test_private_speech_needs_a_headset() -> None:
    queue = SpeechQueue()
    secret = u("您的号码是一二三。第二句。", FOCUS, private=True, instead="已填好。请插耳机。")
    queue.say([secret, u("页。")])
    assert sounding(queue) == "已填好。"
    assert [finish(queue), finish(queue), finish(queue)] == ["请插耳机。", "页。", None]
    queue.set_headset(True)
    queue.say([secret])
    assert sounding(queue) == "您的号码是一二三。"
    assert queue.current is not None
    assert queue.current.private
    assert not queue.current.is_fixed


def test_unplugging_replaces_the_private_sentence_at_once() -> None:
    queue = SpeechQueue(has_headset=True)
    queue.say([u("甲。乙。", private=True, instead="已填好。"), u("丙。", private=True), u("页。")])
    finish(queue)
    assert sounding(queue) == "乙。"
    queue.set_headset(False)
    assert sounding(queue) == "已填好。"
    assert finish(queue) == "页。"  # 丙 has no words instead: nothing is said


def test_unplugging_leaves_public_speech_alone() -> None:
    queue = SpeechQueue(has_headset=True)
    queue.say([u("页。")])
    line = queue.current
    queue.set_headset(False)
    assert queue.current is line


def test_late_news_of_another_line_changes_nothing() -> None:
    queue = SpeechQueue()
    queue.say([u("一。")])
    assert queue.current is not None
    old = queue.current.number
    queue.say([u("二。", FOCUS)])
    queue.ended(old)
    queue.began(old, 1.0)
    assert sounding(queue) == "二。"


def test_a_caller_gone_wild_is_bounded() -> None:
    queue = SpeechQueue()
    for _ in range(1000):
        queue.say([u("一。二。三。")])
    count = 0
    while queue.current is not None:
        count += 1
        finish(queue)
    assert count <= 201


@given(
    st.lists(
        st.one_of(
            st.tuples(st.sampled_from([HINT, PAGE, FOCUS, ALERT]), st.booleans()),
            st.sampled_from(["hush", "end", "begin", "plug", "unplug"]),
        ),
        max_size=40,
    )
)
def test_whatever_happens(steps: list[tuple[Priority, bool] | str]) -> None:
    """Never private without a headset, never silent while something waits, and it always comes to an end."""
    queue = SpeechQueue()
    plugged = False
    for now_s, step in enumerate(steps):
        if isinstance(step, tuple):
            queue.say([u("甲。乙。", step[0], private=step[1], instead="代。")])
        elif step == "hush":
            queue.hush(now_s)
            assert queue.current is None or queue.current.priority is ALERT
        elif step in ("end", "begin") and queue.current:
            queue.ended(queue.current.number) if step == "end" else queue.began(queue.current.number, now_s)
        elif step in ("plug", "unplug"):
            plugged = step == "plug"
            queue.set_headset(plugged)
        assert queue.current is None or not queue.current.private or plugged
        assert queue.current is not None or queue.next is None
        assert queue.next is None or queue.current is None or queue.next.priority <= queue.current.priority
    for _ in range(300):
        if queue.current is None:
            break
        finish(queue)
    assert queue.is_silent
