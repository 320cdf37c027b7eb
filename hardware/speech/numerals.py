"""Figures in a Chinese sentence, written out as they are spoken: amounts, dates, times, telephone and ID numbers.

Pure text to text. A figure that names something (telephone, ID, code, room) is read digit by digit in groups, with
yāo for one as Mandarin speakers do on the telephone; a figure that counts is read as a number. Knows no pinyin.
"""

from __future__ import annotations

import re
from collections.abc import Callable

PAUSE = "，"
_DIGITS = "零一二三四五六七八九"
_SPELT = str.maketrans("0123456789", "零幺二三四五六七八九")
_PLAIN = str.maketrans("0123456789", _DIGITS)
_WIDE = str.maketrans("０１２３４５６７８９％￥－／＊", "0123456789%¥-/*")

# Measure words before which two is liǎng (counting), unlike 二月, 二日, 二号, 二楼 (naming).
_COUNTED = "个位次天年张页种份项件条步遍人名只块元角分秒点周层户家台把口岁封笔段行句本套间"
_NAMERS = "电话|热线|拨打|致电|号码|编号|验证码|校验码|尾号|卡号|密码|单元|代码|后四位|末四位|手机号?|传真|邮编"


def count(number: int) -> str:
    """Read a count: 0 -> 零, 15 -> 十五, 205 -> 二百零五, 20000 -> 两万. Range 0 .. 10**16 - 1, else digit by digit."""
    if number == 0:
        return "零"
    if number >= 10**16:
        return str(number).translate(_PLAIN)
    text, gap = "", False
    for power, unit in ((12, "万亿"), (8, "亿"), (4, "万"), (0, "")):
        part, number = divmod(number, 10**power)
        if not part:
            gap = gap or bool(text)
            continue
        if text and (gap or part < 1000):
            text += "零"
        text += ("两" if part == 2 and unit else _below_ten_thousand(part)) + unit
        gap = False
    return text.removeprefix("一") if text.startswith("一十") else text


def _below_ten_thousand(number: int) -> str:
    text = ""
    for power, unit in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, number = divmod(number, power)
        if digit:
            text += ("两" if digit == 2 and power == 1000 else _DIGITS[digit]) + unit
        elif text and number and not text.endswith("零"):
            text += "零"
    return text


def spell(figures: str, groups: tuple[int, ...] = ()) -> str:
    """Read digit by digit: ``groups`` are lengths from the left, a pause between; the rest is the last group."""
    parts, place = [], 0
    for size in groups:
        parts.append(figures[place : place + size])
        place += size
    parts.append(figures[place:])
    return PAUSE.join(part for part in parts if part).translate(_SPELT)


def spell_name(figures: str) -> str:
    """Read a number that names something, in the groups people use for its length."""
    groups = {6: (3,), 7: (3,), 8: (4,), 11: (3, 4), 15: (6, 6), 18: (6, 8)}.get(len(figures))
    if groups is None:
        groups = () if len(figures) < 9 else tuple(4 for _ in range((len(figures) - 1) // 4))
    return spell(figures, groups)


def _year(text: str) -> str:
    return text.translate(_PLAIN)


def _date(found: re.Match[str]) -> str:
    year, month, day = found.groups()
    return f"{_year(year)}年{count(int(month))}月" + (f"{count(int(day))}日" if day else "")


def _time(found: re.Match[str]) -> str:
    hour, minute = int(found[1]), int(found[2])
    text = ("两" if hour == 2 else count(hour)) + "点"
    if minute:
        text += ("零" if minute < 10 else "") + count(minute) + "分"
    return text


def _money(found: re.Match[str]) -> str:
    whole, part = found["whole"].replace(",", ""), (found["part"] or "").ljust(2, "0")
    amount = int(whole)
    text = ("两" if amount == 2 else count(amount)) + "元"
    if part[0] != "0":
        text += _DIGITS[int(part[0])] + "角"
    elif part[1] != "0":
        text += "零"
    return text + (_DIGITS[int(part[1])] + "分" if part[1] != "0" else "")


def _decimal(text: str) -> str:
    whole, _, part = text.replace(",", "").partition(".")
    return count(int(whole)) + ("点" + part.translate(_PLAIN) if part else "")


def _spell_mixed(found: re.Match[str]) -> str:
    return PAUSE.join(" ".join(re.findall(r"[A-Z]|\d+", part)) for part in found[0].split("-")).translate(_SPELT)


def _number(found: re.Match[str]) -> str:
    figures, after = found[1], found.string[found.end() : found.end() + 1]
    is_counted = bool(after) and after in _COUNTED + "月日号楼级期米万亿千百元周%"
    if (figures.startswith("0") and len(figures) > 1) or (len(figures) >= 5 and not is_counted):
        return spell_name(figures)
    if figures == "2" and after and after in _COUNTED and found.string[found.start() - 1 : found.start()] != "第":
        return "两"
    return count(int(figures))


_RULES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    # 110105********0022: what is hidden is said to be hidden
    (
        re.compile(r"(?<![\dA-Za-z])(\d{2,})[*•●]{2,}(\d{0,4}[Xx]?)"),
        lambda m: f"{spell(m[1])}{PAUSE}中间省略{PAUSE}{spell(m[2].upper())}",
    ),
    (re.compile(r"(?<![\dA-Za-z])\d{17}[\dXx](?![\dA-Za-z])"), lambda m: spell(m[0].upper(), (6, 8))),
    (
        re.compile(r"(?<!\d)(1[3-9]\d)[ -]?(\d{4})[ -]?(\d{4})(?!\d)"),
        lambda m: PAUSE.join(m.groups()).translate(_SPELT),
    ),
    (re.compile(r"(?<!\d)(0\d{2,3})-(\d{7,8})(?!\d)"), lambda m: f"{spell(m[1])}{PAUSE}{spell_name(m[2])}"),
    (re.compile(r"(?<![A-Za-z\d-])(?=[A-Z\d-]*[A-Z])(?=[A-Z\d-]*\d)[A-Z\d]+(?:-[A-Z\d]+)*"), _spell_mixed),
    (re.compile(r"(?<!\d)((?:19|20)\d\d)[-/.](\d{1,2})(?:[-/.](\d{1,2}))?(?![\d])"), _date),
    (re.compile(r"(?<!\d)([12]\d{3})(?=年)"), lambda m: _year(m[1])),
    (re.compile(r"(?<!\d)([01]?\d|2[0-3])[:：]([0-5]\d)(?!\d)"), _time),
    (re.compile(r"(?<=[点分])\s*[-–—~～]\s*(?=[零一二两三四五六七八九十])"), lambda m: "到"),
    (re.compile(r"¥\s*(?P<whole>\d[\d,]*)(?:\.(?P<part>\d{1,2}))?\s*元?"), _money),
    (re.compile(r"(?<!\d)(?P<whole>\d[\d,]*)\.(?P<part>\d{1,2})\s*元"), _money),
    (re.compile(r"(\d[\d,]*(?:\.\d+)?)\s*%"), lambda m: f"百分之{_decimal(m[1])}"),
    (re.compile(r"(\d+(?:\.\d+)?)\s*(?:℃|°C)"), lambda m: f"{_decimal(m[1])}摄氏度"),
    (re.compile(rf"((?:{_NAMERS})[^\d。！？]{{0,4}})(\d+)"), lambda m: m[1] + spell_name(m[2])),
    (re.compile(r"(\d{3,4})(?=室|房)"), lambda m: spell(m[1])),
    (re.compile(r"(?<!\d)(\d{1,4})\s*[-–~～]\s*(?=\d{1,4}(?!\d))"), lambda m: f"{count(int(m[1]))}到"),
    (re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.\d+"), lambda m: _decimal(m[0])),
    (re.compile(r"(?<![\dA-Za-z])-(?=\d)"), lambda m: "负"),
    (re.compile(r"(\d+)"), _number),
)


def write_out(text: str) -> str:
    """Give back ``text`` with every figure in Chinese characters; letters of references stay, set apart by spaces."""
    text = text.translate(_WIDE)
    for pattern, reading in _RULES:
        text = pattern.sub(reading, text)
    return text
