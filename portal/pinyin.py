"""How a Chinese name is typed without Chinese: 张建军 as `zhangjianjun` and as `zjj`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from portal import hanzi

MOST_READINGS = 6
LENGTH = 60
"""Spellings are cut here: nobody types a long estate to its end."""

SURNAMES = {
    "shan/dan": "单單",
    "zeng/ceng": "曾",
    "xie/jie": "解颉",
    "qiu/chou": "仇",
    "ou/qu": "区區",
    "zha/cha": "查",
    "piao/pu": "朴",
    "zhai/di": "翟",
    "ge/gai": "盖蓋",
    "yun/yuan": "员員",
    "wei/yu": "尉蔚",
    "xian/xi": "洗",
    "bi/mi": "秘",
    "she/zhe": "折",
    "he/hei": "黑",
    "chong/zhong": "种",
    "po/fan": "繁",
    "miao/mou": "缪繆",
    "yue/le": "乐樂",
    "mi/fu": "宓",
    "shao/zhao": "召",
    "gou/ju": "句",
    "che/ju": "车車",
    "qin/tan": "覃",
    "chen/shen": "谌諶",
    "cheng/sheng": "晟",
    "sheng/cheng": "盛",
    "na/nuo": "那",
    "shen/chen": "沈",
    "zhai/ji": "祭",
    "mou/mu": "牟",
    "xi/chi": "郗",
    "xun/huan": "郇",
    "wei/kui": "隗",
    "shen/xin": "莘",
    "a/e": "阿",
    "bai/bo": "柏",
    "bo/bao": "薄",
    "du/dou": "都",
    "nian/zhan": "粘",
    "zang/cang": "藏",
    "nie/mie": "乜",
    "xing/hang": "行",
    "ren": "任",
    "hua": "华華",
    "ning": "宁寧甯",
    "feng": "冯馮",
    "ying": "应應",
    "jia": "贾賈",
    "shi": "石",
    "bu": "卜",
    "ge": "葛",
    "yu": "俞於",
    "gu": "谷",
    "guo": "过過",
    "qu": "曲",
    "ji": "纪紀",
}
"""One-sign surnames that have several readings or are read otherwise than the same sign elsewhere, by their readings:
the usual one first."""
DOUBLE = {
    "尉迟": "yu chi",
    "尉遲": "yu chi",
    "万俟": "mo qi",
    "萬俟": "mo qi",
    "长孙": "zhang sun",
    "長孫": "zhang sun",
    "澹台": "tan tai",
    "澹臺": "tan tai",
    "单于": "chan yu",
    "單于": "chan yu",
    "令狐": "ling hu",
    "鲜于": "xian yu",
    "鮮于": "xian yu",
    "乐正": "yue zheng",
    "樂正": "yue zheng",
}
"""Surnames of two signs that are read otherwise than their signs."""
WITHIN = {
    "le/yue": "乐樂",
    "chang/zhang": "长長",
    "xing/hang": "行",
    "chong/zhong": "重",
    "chao/zhao": "朝",
    "sheng/cheng": "盛晟",
    "jue/jiao": "觉覺",
    "qi/ji": "奇",
    "qiang/jiang": "强強",
    "na/nuo": "娜",
    "sha/suo": "莎",
    "xin/shen": "莘",
    "xi/qian": "茜",
    "bai/bo": "柏",
    "xia/sha": "厦廈",
    "du/dou": "都",
    "zang/cang": "藏",
    "jun/juan": "隽雋",
    "xie/jie": "颉頡",
    "zeng/ceng": "曾",
    "jiong/gui": "炅",
}
"""Signs behind the first one that names use in either reading; the other one than the dictionary's is a reading too."""
_WITHIN = {sign: tuple(readings.split("/")) for readings, signs in WITHIN.items() for sign in signs}
_READINGS = {sign: tuple(readings.split("/")) for readings, signs in SURNAMES.items() for sign in signs}
_PARTS = re.compile(r"[a-z0-9]+|[^\x00-\x7f]+")


def spellings(text: str) -> tuple[str, ...]:
    """How the name may be typed: in full and by initials, each of its readings; letters a to z and digits only. A name in
    traditional signs may also be typed in simplified ones.

    A surname with several readings comes in all of them, then as the dictionary reads the whole. What has no reading is
    left out; a name of such signs alone has no spelling.
    """
    kept = "".join(sign for sign in unicodedata.normalize("NFKD", text).lower() if not unicodedata.combining(sign))
    parts: list[str] = _PARTS.findall(kept)
    readings: list[tuple[str, ...]] = [()]
    initials: list[tuple[str, ...]] = [()]
    for place, part in enumerate(parts):
        found = [(part,)] if part.isascii() else _readings(part) if place == 0 else [_dictionary(part)]
        short = found if part.isascii() else [tuple(syllable[:1] for syllable in reading) for reading in found]
        readings = [before + reading for before in readings for reading in found]
        initials = [before + reading for before in initials for reading in short]
    full = [said for reading in readings for said in _ways("".join(reading))]
    joined = (spelling[:LENGTH] for spelling in (*full, *("".join(reading) for reading in initials)))
    simple = hanzi.simplified(text)
    typed = [spelling for spelling in joined if spelling]
    return tuple(dict.fromkeys([*typed, simple[:LENGTH]] if simple != text else typed))


def searchable(text: str) -> str:
    """A name with all the ways in which it may be typed, for a page that looks for what is begun: `陈丽华 chenlihua clh`."""
    return " ".join((text.lower(), *spellings(text)))


def _ways(reading: str) -> list[str]:
    """How ü is typed: 吕 as `lv` and, as passports have it, `lyu`; 略 also as `lue`."""
    if "v" not in reading:
        return [reading]
    return list(dict.fromkeys((reading, reading.replace("v", "yu"), reading.replace("ve", "ue"))))


def _readings(signs: str) -> list[tuple[str, ...]]:
    """The readings of a name's beginning, each as its syllables."""
    usual = _dictionary(signs)
    if signs[:2] in DOUBLE:
        surnames: Sequence[tuple[str, ...]] = (tuple(DOUBLE[signs[:2]].split()),)
    else:
        surnames = [(reading,) for reading in _READINGS.get(signs[:1], ())]
    found = [*((*surname, *usual[len(surname) :]) for surname in surnames), usual]
    if len(usual) == len(signs):
        for place, sign in enumerate(signs[1:], 1):
            for other in _WITHIN.get(sign, ()):
                found += [(*reading[:place], other, *reading[place + 1 :]) for reading in found[:MOST_READINGS]]
    return list(dict.fromkeys(found))[:MOST_READINGS]


def _dictionary(signs: str) -> tuple[str, ...]:
    """The syllables as the dictionary reads the signs together."""
    from pypinyin import lazy_pinyin  # loaded where a name is written: large, and no page that reads needs it

    syllables = (
        re.sub("[^a-z]", "", unicodedata.normalize("NFKD", said)) for said in lazy_pinyin(signs, errors="ignore")
    )
    return tuple(syllable for syllable in syllables if syllable)
