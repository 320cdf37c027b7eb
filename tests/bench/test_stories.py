"""Every story that ships ends as written, on one simulated booth: the whole product, end to end.

And the story player can fail: a story that tells something else ends with status 1 and says where.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from booth import storyfile
from booth.story import run_story
from tests.bench.conftest import Site

pytestmark = [pytest.mark.peer, pytest.mark.screen]
STORIES = Path(__file__).parents[2] / "assets" / "stories"
PNG = b"\x89PNG\r\n"


def needs_face(file: Path) -> bool:
    return storyfile.load(file).needs_face


def shipped() -> list[object]:
    files = sorted(STORIES.glob("*.toml"))
    return [pytest.param(file, id=file.stem, marks=[pytest.mark.shared] if needs_face(file) else []) for file in files]


@pytest.mark.parametrize("file", shipped())
def test_story_ends_as_written(
    request: pytest.FixtureRequest, tmp_path: Path, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if needs_face(file) and not (os.environ.get("BOOTH_MODELS") and os.environ.get("BOOTH_TEST_FACES")):
        pytest.skip("needs a model pack and photographs: set BOOTH_MODELS and BOOTH_TEST_FACES")
    uses_up_the_day = file.stem.startswith("face-refused")
    where: Site = request.getfixturevalue("other_booth" if uses_up_the_day else "booth")
    status = run_story(file, tmp_path, where.run)
    assert status == 0, capsys.readouterr().err
    outcome = json.loads((tmp_path / "outcome.json").read_text())
    timeline = json.loads((tmp_path / "timeline.json").read_text())
    end = storyfile.load(file).end
    assert outcome["ended_as_written"]
    assert (outcome["outcome"], outcome["transaction"]) == (end.outcome, end.transaction)
    assert (tmp_path / "receipt.png").exists() == end.receipt
    questions = [step["question"] for step in timeline["steps"]]
    assert questions[:2] == ["Welcome", "ChooseService"]
    for step in timeline["steps"]:
        is_fleeting = step["is_working"] or step["deed"] == "a device answers"
        if step["picture"] or not is_fleeting:
            assert (tmp_path / f"{step['number']:02d}-{step['question']}.png").read_bytes().startswith(PNG)
    assert timeline["machine_ms"] > 0
    spoken = (tmp_path / "speech.txt").read_text(encoding="utf-8")
    assert "您想办什么事" in spoken
    for number in ("110105194912319024", "13800138000"):
        assert number not in spoken
        assert number not in json.dumps(timeline, ensure_ascii=False)


def rewritten(tmp_path: Path, name: str, old: str, new: str) -> Path:
    text = (STORIES / f"{name}.toml").read_text(encoding="utf-8")
    assert old in text
    file = tmp_path / f"{name}.toml"
    file.write_text(text.replace(old, new), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('outcome = "nothing_to_do"', 'outcome = "served"', "end: outcome is nothing_to_do, not served"),
        ('outcome = "nothing_to_do"', 'outcome = "nothing_to_do"\nreceipt = true', "expected one, none came out"),
        (
            'outcome = "nothing_to_do"',
            'outcome = "nothing_to_do"\ntransaction = "accepted"\ntransaction_within_s = 1',
            "end: at the platform the transaction is none, not accepted",
        ),
        ('title_has = "2027"', 'title_has = "1999"', "step 7 (AlreadyDone): the title is"),
        ('press = "pension-alive"', 'press = "parking"\nwithin_s = 2', "step 2 (ChooseService): no control 'parking'"),
        ('question = "PresentCard"', 'question = "Review"', "step 4 (Review): the booth shows PresentCard"),
        ('question = "AlreadyDone"', 'question = "AlreadyDone"\noverlay = "HelpCard"', "the booth shows AlreadyDone"),
    ],
)
def test_a_story_that_tells_something_else_fails(
    booth: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, words: str
) -> None:
    text = (STORIES / "already-confirmed.toml").read_text(encoding="utf-8")
    assert old in text
    file = tmp_path / "other.toml"
    file.write_text(text.replace(old, new), encoding="utf-8")
    assert run_story(file, tmp_path / "out", booth.run) == 1
    assert words in capsys.readouterr().err
    assert not json.loads((tmp_path / "out" / "outcome.json").read_text())["ended_as_written"]


def test_without_a_bench_the_story_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_story(STORIES / "time-out.toml", tmp_path / "out", tmp_path) == 2
    assert "no bench runs there" in capsys.readouterr().err


def test_never_on_an_enrolled_booth(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "booth.toml").write_text(
        '[booth]\nid = "B7"\ncommunity = "x"\nis_enrolled = true\n[ledger]\nfolder = "l"\n[backend]\n'
        'url = "https://x"\nca = "c"\ncertificate = "c"\nkey = "k"\nseal_pub = "s"\nsign_pub = "s"\n'
    )
    (tmp_path / "ports.json").write_text('{"bench": 1}')
    assert run_story(STORIES / "time-out.toml", tmp_path / "out", tmp_path) == 2
    assert "enrolled" in capsys.readouterr().err
