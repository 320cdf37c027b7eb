"""Figures as they are spoken."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.speech.numerals import count, write_out

COUNTS = """
0 零|2 二|10 十|12 十二|20 二十|100 一百|101 一百零一|110 一百一十|205 二百零五|1001 一千零一|1010 一千零一十|2000 两千
10000 一万|10001 一万零一|10100 一万零一百|12345 一万两千三百四十五|20000 两万|100000 十万|102000 十万两千
200200 二十万零二百|100001000 一亿零一千|110000000 一亿一千万|1000000000000 一万亿
"""


@pytest.mark.parametrize("entry", COUNTS.replace("\n", "|").strip("|").split("|"))
def test_counts(entry: str) -> None:
    number, read = entry.split()
    assert count(int(number)) == read


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("电话13800138000。", "电话幺三八，零零幺三，八零零零。"),
        ("138 0013 8000", "幺三八，零零幺三，八零零零"),
        ("138****8000", "幺三八，中间省略，八零零零"),
        ("010-66668888", "零幺零，六六六六，八八八八"),
        ("请拨打12333", "请拨打幺二三三三"),
        ("验证码是048213", "验证码是零四八，二幺三"),
        ("11010519491231002X", "幺幺零幺零五，幺九四九幺二三幺，零零二X"),
        ("号码110***********0022", "号码幺幺零，中间省略，零零二二"),
        ("B7-000204-6", "B 七，零零零二零四，六"),
        ("2027-03-31", "二零二七年三月三十一日"),
        ("1949年10月1日", "一九四九年十月一日"),
        ("2026-03", "二零二六年三月"),
        ("下午14:30或9:05", "下午十四点三十分或九点零五分"),
        ("8:00-17:30", "八点到十七点三十分"),
        ("2:00", "两点"),
        ("¥123.45", "一百二十三元四角五分"),
        ("￥2", "两元"),
        ("1,234.5元", "一千二百三十四元五角"),
        ("100.05元", "一百元零五分"),
        ("12000元", "一万两千元"),
        ("2个月，2月2日，2楼，第2次，2次", "两个月，二月二日，二楼，第二次，两次"),
        ("50%", "百分之五十"),
        ("36.5℃", "三十六点五摄氏度"),
        ("约-5度", "约负五度"),
        ("幸福里3号楼2单元501", "幸福里三号楼二单元五零幺"),
        ("501室", "五零幺室"),
        ("3-5个工作日", "三到五个工作日"),
        ("第1步，共8步", "第一步，共八步"),
        ("１２３", "一百二十三"),
        ("A座", "A座"),
        ("没有数字", "没有数字"),
    ],
)
def test_figures_in_sentences(text: str, read: str) -> None:
    assert write_out(text) == read


@given(st.text(alphabet="0123456789-.:/,*¥%元年月日点个第X 号", max_size=30))
def test_no_figure_is_ever_left_over(text: str) -> None:
    assert not re.search(r"\d", write_out(text))


@given(st.text(max_size=60))
def test_anything_can_be_read(text: str) -> None:
    assert isinstance(write_out(text), str)
