"""Plain text in headings, lists and paragraphs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.prose import Block, Kind, blocks


def test_a_text_in_its_blocks():
    text = "# 接听\r\n三声内接听\n先问候\n\n另一段\n## 转接\n- 征得同意\n\n· 说明时间\n1. 记录\n2、回电\n再见"
    assert blocks(text) == [
        Block(Kind.HEADING, ("接听",)),
        Block(Kind.PARAGRAPH, ("三声内接听", "先问候")),
        Block(Kind.PARAGRAPH, ("另一段",)),
        Block(Kind.SUBHEADING, ("转接",)),
        Block(Kind.ITEMS, ("征得同意", "说明时间")),
        Block(Kind.NUMBERED, ("记录", "回电")),
        Block(Kind.PARAGRAPH, ("再见",)),
    ]


@pytest.mark.parametrize(
    "line", ["#", "-", "-5 度以下停工", "#3 楼", "3.5 米以内", "2026-05-11 起", "1.", "<h1>标题</h1>", "**重点**"]
)
def test_what_fits_no_rule_is_a_paragraph(line):
    assert blocks(line) == [Block(Kind.PARAGRAPH, (line,))]


def test_a_numbered_list_goes_on_where_it_was():
    text = "1. 一\n2. 二\n说明\n3. 三"
    assert [(block.lines, block.first) for block in blocks(text)] == [(("一", "二"), 1), (("说明",), 1), (("三",), 3)]


def test_headings_stand_each_for_itself():
    assert [block.lines for block in blocks("# 一\n# 二")] == [("一",), ("二",)]


@given(st.text())
def test_nothing_that_was_typed_is_lost(text):
    def said(line: str) -> set[str]:
        return {sign for sign in line if sign.isalpha()}

    kept = {sign for block in blocks(text) for line in block.lines for sign in said(line)}
    assert kept == said(text)
