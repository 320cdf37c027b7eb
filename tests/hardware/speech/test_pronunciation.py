"""The gold list: what the Mandarin voice is fed, word by word, as a dictionary and a careful speaker have it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hardware.speech.pronunciation import Pronouncer, load_phrases

# Polyphones, the booth's words, neutral tones, changes of 一 and 不 (Modern Chinese Dictionary, 7th edition).
GOLD = """
银行 yin2 hang2|行业 hang2 ye4|自行车 zi4 xing2 che1|步行 bu4 xing2|进行 jin4 xing2|执行 zhi2 xing2
重庆 chong2 qing4|重新 chong2 xin1|重复 chong2 fu4|重要 zhong4 yao4|体重 ti3 zhong4|重量 zhong4 liang4
长者 zhang3 zhe3|社区长者 she4 qu1 zhang3 zhe3|长期 chang2 qi1|时长 shi2 chang2|家长 jia1 zhang3|成长 cheng2 zhang3
还款 huan2 kuan3|归还 gui1 huan2|还有 hai2 you3|还是 hai2 shi4|还没有 hai2 mei2 you3|还需要 hai2 xu1 yao4
社会保障卡 she4 hui4 bao3 zhang4 ka3|会计 kuai4 ji4|参保人 can1 bao3 ren2|人参 ren2 shen1|参加 can1 jia1
养老金 yang3 lao3 jin1|退休金 tui4 xiu1 jin1|医疗保险 yi1 liao2 bao3 xian3|缴费 jiao3 fei4|证明 zheng4 ming2
资格认证 zi1 ge2 ren4 zheng4|身份证 shen1 fen4 zheng4|居民 ju1 min2|办理 ban4 li3|业务 ye4 wu4|领取 ling3 qu3
发放 fa1 fang4|头发 tou2 fa5|理发 li3 fa4|转账 zhuan3 zhang4|转身 zhuan3 shen1|调整 tiao2 zheng3|调查 diao4 cha2
空调 kong1 tiao2|空白处 kong4 bai2 chu4|填空 tian2 kong4|处理 chu3 li3|办事处 ban4 shi4 chu4|好处 hao3 chu4
爱好 ai4 hao4|更改 geng1 gai3|变更 bian4 geng1|更多 geng4 duo1|更正 geng1 zheng4|便民 bian4 min2|便宜 pian2 yi5
方便 fang1 bian4|大夫 dai4 fu5|大厅 da4 ting1|血压 xue4 ya1|量血压 liang2 xue4 ya1|数量 shu4 liang4|音乐 yin1 yue4
快乐 kuai4 le4|睡觉 shui4 jiao4|感觉 gan3 jue2|觉得 jue2 de5|角色 jue2 se4|墙角 qiang2 jiao3|朝阳区 chao2 yang2 qu1
朝南 chao2 nan2|首都 shou3 du1|都可以 dou1 ke3 yi3|传真 chuan2 zhen1|卡住 qia3 zhu4|卡纸 qia3 zhi3|卡片 ka3 pian4
得分 de2 fen1|必须得 bi4 xu1 dei3|着急 zhao2 ji2|看着镜头 kan4 zhe5 jing4 tou2|了解 liao3 jie3|办好了 ban4 hao3 le5
为您服务 wei4 nin2 fu2 wu4|因为 yin1 wei4|成为 cheng2 wei2|只有 zhi3 you3|种类 zhong3 lei4|当天 dang4 tian1
担当 dan1 dang1|地方 di4 fang5|地址 di4 zhi3|慢慢地 man4 man4 de5|的确 di2 que4|目的 mu4 di4|供养 gong1 yang3
提供 ti2 gong1|分钟 fen1 zhong1|部分 bu4 fen5|教育 jiao4 yu4|教书 jiao1 shu1|系统 xi4 tong3|系好 ji4 hao3
照相 zhao4 xiang4|相信 xiang1 xin4|省份 sheng3 fen4|节省 jie2 sheng3|率领 shuai4 ling3|效率 xiao4 lv4
女儿 nv3 er2|旅行 lv3 xing2|绿色 lv4 se4|策略 ce4 lve4|这儿 zhe4 er5|一会儿 yi2 hui4 er5|多少 duo1 shao5
先生 xian1 sheng5|意思 yi4 si5|名字 ming2 zi5|告诉 gao4 su5|知道 zhi1 dao5|奶奶 nai3 nai5|明白 ming2 bai5
不是 bu2 shi4|不好 bu4 hao3|不要 bu2 yao4|不能 bu4 neng2|不用 bu2 yong4|一个 yi2 ge4|一样 yi2 yang4|一起 yi4 qi3
一般 yi4 ban1|一年 yi4 nian2|第一步 di4 yi1 bu4|一楼 yi1 lou2|星期一 xing1 qi1 yi1|统一办理 tong3 yi1 ban4 li3
十一月一日 shi2 yi1 yue4 yi1 ri4|一百一十 yi4 bai3 yi1 shi2|扫码 sao3 ma3|拍照 pai1 zhao4|摄像头 she4 xiang4 tou2
漏水 lou4 shui3|井盖 jing3 gai4|路灯 lu4 deng1|楼道 lou2 dao4|下水道 xia4 shui3 dao4|垃圾 la1 ji1|噪音 zao4 yin1
耳机 er3 ji1|按键 an4 jian4|按钮 an4 niu3|触摸屏 chu4 mo1 ping2|凭条 ping2 tiao2|回执 hui2 zhi2|编号 bian1 hao4
验证码 yan4 zheng4 ma3|监护人 jian1 hu4 ren2|工作人员 gong1 zuo4 ren2 yuan2|同意 tong2 yi4|取消 qu3 xiao1|返回 fan3 hui2
"""
PAIRS = [tuple(entry.split(" ", 1)) for line in GOLD.split("\n") for entry in line.split("|") if entry.strip()]

NAMES = [
    ("单女士", "shan4 nv3 shi4"),
    ("单位", "dan1 wei4"),
    ("曾先生，您好", "zeng1 xian1 sheng5 , nin2 hao3"),
    ("曾经", "ceng2 jing1"),
    ("您好，单秀英。", "nin2 hao3 , shan4 xiu4 ying1 ."),
    ("姓名：任重", "xing4 ming2 , ren2 zhong4"),
    ("任何人", "ren4 he2 ren2"),
    ("任选一项", "ren4 xuan3 yi2 xiang4"),
    ("解女士", "xie4 nv3 shi4"),
    ("解决", "jie3 jue2"),
    ("仇师傅", "qiu2 shi1 fu5"),
    ("华大爷", "hua4 da4 ye5"),
    ("区阿姨", "ou1 a1 yi2"),
    ("免贵姓盖", "mian3 gui4 xing4 ge3"),
    ("查主任", "zha1 zhu3 ren4"),
    ("查询", "cha2 xun2"),
    ("监护人：华明", "jian1 hu4 ren2 , hua4 ming2"),
    ("尉迟先生", "yu4 chi2 xian1 sheng5"),
    ("张秀英", "zhang1 xiu4 ying1"),
    ("陈乐乐", "chen2 le4 le4"),
]

SENTENCES = [
    ("电话13800138000。", "dian4 hua4 yao1 san1 ba1 , ling2 ling2 yao1 san1 , ba1 ling2 ling2 ling2 ."),
    ("2027年3月31日", "er4 ling2 er4 qi1 nian2 san1 yue4 san1 shi2 yi1 ri4"),
    ("等2分钟。", "deng3 liang3 fen1 zhong1 ."),
    ("编号B7-000204-6", "bian1 hao4 bi4 qi1 , ling2 ling2 ling2 er4 ling2 si4 , liu4"),
    ("您的身份证（复印件）？", "nin2 de5 shen1 fen4 zheng4 , fu4 yin4 jian4 ?"),
    ("“确定”", "que4 ding4"),
    ("，。！", ""),
    ("", ""),
]


@pytest.fixture(scope="module")
def pronouncer() -> Pronouncer:
    return Pronouncer()


@pytest.mark.parametrize(("text", "pinyin"), [*PAIRS, *NAMES, *SENTENCES])
def test_gold_list(pronouncer: Pronouncer, text: str, pinyin: str) -> None:
    assert pronouncer.to_pinyin(text) == pinyin


def test_gold_list_is_long_enough_and_without_doubles() -> None:
    assert len({text for text, _ in (*PAIRS, *NAMES)}) == len(PAIRS) + len(NAMES) >= 150


@pytest.mark.parametrize(
    ("text", "fed"),
    [
        ("Hello 张秀英.", "Hello Zhang Xiuying ."),
        ("Your number is B7-000204-6.", "Your number is B 7, 0 0 0 2 0 4, 6."),
        ("Call 13800138000 or 12333, please.", "Call 1 3 8, 0 0 1 3, 8 0 0 0 or 1 2 3 3 3, please."),
        ("Valid until 2027-03-31.", "Valid until 31 March 2027."),
        ("ID 110***********0022", "ID 1 1 0, the middle left out, 0 0 2 2"),
        ("The code is 048213.", "The code is 0 4 8, 2 1 3."),
        ("You get ¥3,256.50 in 2 days, step 1 of 8.", "You get 3,256.50 yuan in 2 days, step 1 of 8."),
    ],
)
def test_english(pronouncer: Pronouncer, text: str, fed: str) -> None:
    assert pronouncer.feed(text, "en") == fed


def test_a_wrong_line_of_the_phrase_list_is_named(tmp_path: Path) -> None:
    file = tmp_path / "phrases.toml"
    file.write_text('[words]\n"银行" = "yin2"\n[surnames]\n[letters]\n', "utf-8")
    with pytest.raises(ValueError, match=r"phrases\.toml: '银行' = 'yin2': one tone-numbered syllable a character"):
        load_phrases(file)


def test_every_letter_has_a_reading(pronouncer: Pronouncer) -> None:
    assert set(load_phrases().letters) == set("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    assert pronouncer.to_pinyin("wifi").startswith("da2 bu5")
