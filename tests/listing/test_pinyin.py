"""Names typed without Chinese: full pinyin and initials, in the lists and in the palette."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from portal import hanzi
from portal.db import transaction
from portal.listing import engine
from portal.listing.kinds import search
from portal.listing.registry import LISTINGS
from portal.listing.state import from_args
from portal.models import spelling
from portal.models.customer import Customer, Property
from portal.models.spelling import Spelling
from portal.permissions import Role
from portal.pinyin import LENGTH, MOST_READINGS, spellings
from portal.services import search as palette
from tests.turns import is_turn


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("张建军", ("zhangjianjun", "zjj")),
        ("翠湖天地", ("cuihutiandi", "chtd")),
        ("单雄信", ("shanxiongxin", "danxiongxin", "sxx", "dxx")),
        ("曾国藩", ("zengguofan", "cengguofan", "zgf", "cgf")),
        ("解晓东", ("xiexiaodong", "jiexiaodong", "xxd", "jxd")),
        ("尉迟恭", ("yuchigong", "ycg")),
        ("張建軍", ("zhangjianjun", "zjj", "张建军")),
        ("孙略", ("sunlve", "sunlyue", "sunlue", "sl")),
        ("吕绿", ("lvlv", "lyulyu", "ll")),
        ("王乐", ("wangle", "wangyue", "wl", "wy")),
        ("单乐", ("shanle", "shanyue", "danle", "danyue", "sl", "sy", "dl", "dy")),
        ("重庆森林", ("chongqingsenlin", "cqsl")),
        ("吕布", ("lvbu", "lyubu", "lb")),
        ("A座Anna王", ("azuoannawang", "azannaw")),
        ("张 三", ("zhangsan", "zs")),
        ("José 王", ("josewang", "josew")),
        ("Ｂｏｂ", ("bob",)),
        ("万科城3期", ("wankecheng3qi", "wkc3q")),
        ("😀王", ("wang", "w")),
        ("😀", ()),
        ("", ()),
    ],
)
def test_spellings(name, expected):
    assert set(spellings(name)) == set(expected)


@pytest.mark.parametrize("name", ["曾" * 100, "单曾解仇", "\U0003134a王a", "\ud800王", "ß Ω İ", "a" * 500, "\x00王"])
def test_odd_names_are_spelt_in_small_letters_only(name):
    found = spellings(name)
    assert len(found) <= 4 * MOST_READINGS + 1
    typed = [text for text in found if text != hanzi.simplified(name)[:LENGTH]]
    assert all(text.isascii() and text.isalnum() and text == text.lower() and len(text) <= LENGTH for text in typed)


def test_a_sign_without_a_reading_leaves_the_others():
    assert "wang" in spellings("\U0003134a王") and "a" in spellings("\U0003134aA")


@pytest.fixture
def find(make, session, clock):
    """What the list shows for what was typed, by a column of the record."""
    user = make.user(Role.MANAGER)

    def found(kind: str, q: str, column: str = "name") -> list[str]:
        listing = LISTINGS[kind]
        state, problems = from_args(listing, {"filter": "", "q": q})
        assert not problems
        rows = engine.page(session, user, listing, state, at=clock.now()).rows
        assert engine.count_state(session, user, listing, state, at=clock.now())[0] == len(rows)
        return sorted(getattr(session.get_one(listing.model, row.id), column) for row in rows)

    found.user = user
    return found


@pytest.mark.parametrize("q", ["zjj", "zhangjianjun", "ZhangJian", "ZJ", "zjj 138", "zjj KH-", "zjj 张", "zjj chtd"])
def test_a_customer_is_found_by_pinyin_beside_other_words(make, find, q):
    customer = make.customer(name="张建军", phone="13800001111")
    make.property(customer, estate="翠湖天地")
    make.property(make.customer(name="李伟", phone="13900001111"), estate="锦绣家园")
    assert find("customers", q) == ["张建军"]


@pytest.mark.parametrize("q", ["szz", "dzz", "shanzz", "zjj 李", "zjjj", "z", "zj2", "lixyz"])
def test_what_fits_no_reading_finds_nothing(make, find, q):
    make.property(make.customer(name="张建军"), estate="翠湖天地")
    make.customer(name="单志")
    assert find("customers", q) == []


@pytest.mark.parametrize("q", ["szy", "dzy", "shanzhiyuan", "danzhi"])
def test_every_reading_of_a_surname_finds_the_customer(make, find, q):
    make.customer(name="单志远")
    assert find("customers", q) == ["单志远"]


@pytest.mark.parametrize("q", ["chtd", "cuihu", "CuiHuTianDi", "chtd 张"])
def test_an_estate_finds_homes_customers_and_their_works(make, session, find, q):
    customer = make.customer(name="张建军")
    make.contract(make.project(customer))
    with transaction() as writing:
        for home in writing.scalars(select(Property).where(Property.customer_id == customer.id)):
            home.estate = "翠湖天地"
    make.property(make.customer(name="张伟"), estate="锦绣家园")
    assert find("customers", q) == ["张建军"]
    assert find("properties", q, "estate") == ["翠湖天地"]
    assert find("projects", q, "customer_id") == [customer.id] == find("contracts", q, "customer_id")
    hits = [hit.label for _title, some in palette.find(session, find.user, q) for hit in some]
    assert any("张建军" in label for label in hits)
    assert any("翠湖天地" in label for label in hits) or " " in q  # the palette finds homes by their address alone


@pytest.mark.parametrize("q", ["张建", "張建", "张建军", "張建軍", "zjj"])
def test_traditional_and_simplified_names_find_each_other(make, session, find, q):
    make.property(make.customer(name="张建军"), estate="翠湖云顶")
    make.property(make.customer(name="張建軍"), estate="翠湖雲頂")
    make.customer(name="李建军")
    assert find("customers", q) == ["张建军", "張建軍"]
    assert len(find("properties", "翠湖云顶", "estate")) == len(find("properties", "翠湖雲", "estate")) == 2


@pytest.mark.parametrize("q", ["lvb", "lyubu", "LÜBU", "lb"])
def test_a_name_with_u_umlaut_is_typed_in_all_usual_ways(make, find, q):
    make.customer(name="吕布")
    make.customer(name="卢布")
    assert "吕布" in find("customers", q)


def test_parties_and_crews_are_found_by_pinyin(make, find):
    foreman = make.party(name="曾大力")
    make.crew(name="飞鹰队", foreman_id=foreman.id)
    make.crew(name="猛虎队")
    assert find("parties", "zdl") == find("parties", "cengdali") == ["曾大力"]
    assert find("crews", "fyd") == find("crews", "zdl") == ["飞鹰队"]
    assert find("crews", "menghu") == ["猛虎队"]
    assert find("crews", "zzz") == []


def test_a_new_name_is_found_by_its_pinyin_and_the_old_one_no_more(make, find):
    customer = make.customer(name="张建军")
    with transaction() as writing:
        writing.get_one(Customer, customer.id).name = "欧阳震华"
    assert find("customers", "oyzh") == find("customers", "ouyangzhenhua") == ["欧阳震华"]
    assert find("customers", "zjj") == []


def test_two_who_bear_a_name_share_its_spellings(make, session, find):
    make.customer(name="王芳")
    make.customer(name="王芳")
    assert find("customers", "wf") == ["王芳", "王芳"]
    assert len(session.scalars(select(Spelling).where(Spelling.name == "王芳")).all()) == 2


def test_what_is_rolled_back_leaves_no_spelling(make, session):
    with pytest.raises(RuntimeError), transaction() as writing:
        at = make.now()
        fields = {"phone": "1", "phone_tail": "1", "source": "STORE", "created_at": at, "updated_at": at}
        writing.add(Customer(number="KH-1", name="钱多多", **fields))
        writing.flush()
        raise RuntimeError
    make.customer(name="王芳")
    assert set(session.scalars(select(Spelling.name).where(Spelling.scope == "PERSON"))) == {"王芳"}


def test_rows_written_past_the_models_are_spelt_by_filling(make, session, find):
    make.customer(name="孙悟空")
    with transaction() as writing:
        writing.query(Spelling).delete()
    assert find("customers", "swk") == []
    with transaction() as writing:
        spelling.fill(writing)
        spelling.fill(writing)
    assert find("customers", "swk") == ["孙悟空"]


@pytest.mark.parametrize(
    "q", ["😀", "😀zjj", "aeiou", "a" * 100, "z" * 41, "zh_%", "ZZ\U0010ffff", "zj' OR 1=1", "ＺＪＪ", "ün"]
)
def test_hostile_words_find_nothing_or_the_right_one(make, session, find, q):
    make.contract(make.project(make.customer(name="张建军")))
    for kind, listing in LISTINGS.items():
        state, _problems = from_args(listing, {"filter": "", "q": q})
        found = engine.page(session, find.user, listing, state, at=make.now()).rows
        assert not found or (q == "ＺＪＪ" and kind not in ("parties", "crews", "branches"))
    palette.find(session, find.user, q)


@pytest.mark.parametrize(
    "q", ["wang", "ww", "wa", "w", "zzz", "ww chtd", "chtd", "ww 138", "chtd ww 5-1-1802", "ts", "kh"]
)
def test_few_and_many_find_the_same(make, session, clock, monkeypatch, q):
    """A spelling that many names have is tried on each row instead of gathered; what is found is the same."""
    user = make.user(Role.SPECIALIST, branch_id=make.branch().id)
    for number, name in enumerate(["王伟", "王磊", "汪薇", "王小伟", "赵敏"], 1):
        customer = make.customer(name=name, phone=f"1380000{number:04d}")
        make.contract(make.project(customer))
        make.crew(name=name, foreman_id=make.party(name=name).id)
    for place, (kind, listing) in enumerate(LISTINGS.items(), len(q)):
        if not is_turn(place):
            continue
        found = []
        for few in (3000, 0):
            monkeypatch.setattr(search, "FEW", few)
            search._asked.clear()
            state, _problems = from_args(listing, {"filter": "", "q": q})
            shown = [row.id for row in engine.page(session, user, listing, state, at=clock.now()).rows]
            assert engine.count_state(session, user, listing, state, at=clock.now())[0] == len(shown)
            found.append(shown)
        assert found[0] == found[1], kind
    found = []
    for few in (3000, 0):
        monkeypatch.setattr(search, "FEW", few)
        search._asked.clear()
        found.append([(str(title), hits) for title, hits in palette.find(session, user, q)])
    assert found[0] == found[1]
    search._asked.clear()


def test_who_was_merged_is_not_found_and_the_kept_one_is(make, find):
    kept, gone = make.customer(name="张建军"), make.customer(name="章剑君")
    with transaction() as writing:
        writing.get_one(Customer, gone.id).merged_into_id = kept.id
    assert find("customers", "zjj") == ["张建军"]
