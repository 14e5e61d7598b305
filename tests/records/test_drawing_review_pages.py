"""The pages of drawing reviews and contracts as people use them, and what is refused with a sentence."""

from __future__ import annotations

import io
import re
from decimal import Decimal

import pytest
from PIL import Image
from pypdf import PdfWriter
from sqlalchemy import select

from portal.models.contract import Contract, Quotation
from portal.models.drawing_review import DeductionRule, DrawingReview, ReviewFinding
from portal.models.org import PartyKind
from portal.models.penalty import PenaltyEntry
from portal.permissions import Role


@pytest.fixture
def people(make):
    branch = make.branch(name="城南店")
    return {
        "store": branch,
        "designer": make.party(PartyKind.DESIGNER, name="许诺", department="DESIGN"),
        "head": make.party(PartyKind.BRANCH_MANAGER, name="高原"),
        "sales": make.party(PartyKind.SALES, name="蒋涛"),
        "legal": make.party(PartyKind.LEGAL, name="钱律师"),
        "customer": make.customer(name="张建军", kind="LEAD"),
    }


def value(text: str, name: str) -> str:
    """What a hidden field of the page says."""
    found = re.search(rf'<input[^>]*name="{name}"[^>]*value="([^"]*)"', text)
    return found[1] if found else ""


def version_of(answer) -> str:
    return value(answer.text, "version")


def focused(text: str) -> list[str]:
    """What the page puts the focus on: ids, or classes where there is none."""
    marked = [tag for tag in re.findall(r"<[a-z][^>]*>", text) if re.search(r"\sdata-focus[\s>]", tag)]
    return [(re.search(r'\sid="([^"]+)"', tag) or re.search(r'\sclass="([^"]+)"', tag))[1] for tag in marked]


def ticked(text: str, name: str) -> list[bool]:
    """The boxes of that name, in order: whether each is ticked."""
    return ["checked" in tag for tag in re.findall(rf'<input type="checkbox" name="{name}"[^>]*>', text)]


def drawing() -> io.BytesIO:
    """Two pages of A4 as a PDF."""
    writer, file = PdfWriter(), io.BytesIO()
    for _page in range(2):
        writer.add_blank_page(width=595, height=842)
    writer.write(file)
    file.seek(0)
    return file


def picture() -> io.BytesIO:
    file = io.BytesIO()
    Image.new("RGB", (400, 200), "white").save(file, "PNG")
    file.seek(0)
    return file


def submit(client, people, **more):
    path = f"/records/drawing-reviews/new?customer={people['customer'].number}"
    given = {
        "designer": people["designer"].id, "branch_manager": people["head"].id, "store": people["store"].id,
        "contract_amount": "168000", "documents": ["1", "2", "5"], "submitted_at": "2026-05-11T09:00", "client_key": "s1",
    }  # fmt: skip
    return client.post(path, given | more, status=303).location


def test_a_round_at_the_bench(sign_in, people, session, clock):
    """Handed in by the specialist, judged by the reviewer: papers, pins, running score, return; every refusal is a sentence."""
    specialist, reviewer = sign_in(Role.SPECIALIST), sign_in(Role.REVIEWER)
    assert (
        "请选择"
        in specialist.post(
            f"/records/drawing-reviews/new?customer={people['customer'].number}", {"client_key": "x"}, status=422
        ).text
    )
    here = submit(specialist, people)
    shown = specialist.get(here, status=200).text
    assert all(word in shown for word in ("平面布置图、立面图、报价单", "待审核", "DL-04", "许诺"))
    specialist.get(f"/reviewer/bench/{here.rpartition('/')[2]}", status=403)

    bench = f"/reviewer/bench/{here.rpartition('/')[2]}"
    assert "还没有资料" in reviewer.get(bench, status=200).text
    reviewer.post(
        f"{here}/attachments", {"files": (drawing(), "平面图.pdf")}, content_type="multipart/form-data", status=303
    )
    reviewer.post(
        f"{here}/attachments", {"files": (picture(), "现场.png")}, content_type="multipart/form-data", status=303
    )
    page = reviewer.get(bench, status=200).text
    assert "平面图.pdf" in page and "第 1 页，共 2 页" in page and 'role="application"' in page
    paper = value(page, "paper")
    image = reviewer.get(f"/reviewer/papers/{paper}/2", status=200)
    assert image.mimetype == "image/jpeg" and Image.open(io.BytesIO(image.data)).size == (1414, 2000)
    reviewer.get(f"/reviewer/papers/{paper}/3", status=422, check=False)
    sign_in(Role.FRONT_DESK).get(f"/reviewer/papers/{paper}/1", status=403, check=False)

    answer = reviewer.post(f"{bench}/findings", {"q": "没有这条"}, htmx=True, status=422, check=False).text
    assert "没有符合" in answer and "没有这条" in answer
    answer = reviewer.post(f"{bench}/findings", {"q": "lmt"}, htmx=True, status=200, check=False).text
    assert "D02" in answer and 'hx-swap-oob="outerMorph"' in answer
    finding = session.scalars(select(ReviewFinding)).one()
    row = {"count": "2", "place": "厨房 · 主卫", "description": "C 立面未出图", "must_fix": "y"}
    answer = reviewer.post(f"{bench}/findings/{finding.id}", row, htmx=True, status=200, check=False).text
    assert ">90</text>" in answer and "D02 × 2" in answer and "必改" not in answer.split("score-sum")[0]
    answer = reviewer.post(
        f"{bench}/findings/{finding.id}", row | {"count": "0"}, htmx=True, status=422, check=False
    ).text
    assert "1 到 99" in answer and "厨房 · 主卫" in answer
    reviewer.post(f"{bench}/findings/{finding.id}", row | {"points": "1"}, htmx=True, status=400, check=False)
    mark = {"finding": finding.id, "paper": paper, "page": "2", "x": "640", "y": "210"}
    answer = reviewer.post(f"{bench}/mark", mark, htmx=True, status=200, check=False).text
    reviewer.post(f"{bench}/mark", mark | {"x": "1001"}, htmx=True, status=422, check=False)
    reviewer.post(f"{bench}/mark", mark | {"paper": "99"}, htmx=True, status=404, check=False)
    session.expire_all()
    assert (finding.page_no, finding.mark_x, finding.mark_y, finding.points) == (2, 640, 210, 10)
    assert 'class="pin' in reviewer.get(f"{bench}?paper={paper}&page=2&at={finding.id}", status=200).text
    for code in ("D06", "D07", "D09"):
        reviewer.post(f"{bench}/findings", {"code": code}, status=303)  # without JavaScript
    page = reviewer.get(bench, status=200)
    assert ">77</text>" in page.text and "警告一次" in page.text and "差 3 分" in page.text

    decision = {"action": "return", "version": version_of(page), "seen": "77", "opinion": ""}
    assert focused(page.text) == ["rule-q"]
    others = [each for each in session.scalars(select(ReviewFinding)) if each.code != "D02"]
    for each in others:  # what is missing stands at the finding, and above the buttons with the way to its field
        links = re.findall(rf'href="(#place-{each.id}|[^"]*at={each.id}&amp;[^"]*aim=1#paper)"', page.text)
        assert len(links) == 2 and f'id="place-{each.id}"' in page.text
        assert "未填位置 · 未在图纸或照片上标出" in re.search(rf'id="lacks-{each.id}">.*?</span>', page.text)[0]
    assert "#place-" not in page.text.replace("#place-", "", len(others)) and "本轮每个问题都填了位置" in page.text
    assert focused(reviewer.get(f"{bench}?at={others[0].id}&paper={paper}&aim=1").text)[0] == "paper"
    answer = reviewer.post(f"{bench}/decide", decision | {"opinion": "行"}, status=422).text
    assert "尚缺：本轮每个问题都填了位置" in answer
    for each in others:
        row = {"count": "1", "place": "客厅", "must_fix": "y"}
        answer = reviewer.post(f"{bench}/findings/{each.id}", row, htmx=True, status=200, check=False).text
        assert f"#place-{each.id}" not in answer and f"at={each.id}&amp;" in answer
        assert "未填位置" not in re.search(rf'id="lacks-{each.id}".*?</span>', answer)[0]
        reviewer.post(f"{bench}/mark", mark | {"finding": each.id}, htmx=True, status=200, check=False)
    page = reviewer.get(bench, status=200)
    assert "#place-" not in page.text and "aim=1" not in page.text
    decision["version"] = version_of(page)
    answer = reviewer.post(f"{bench}/decide", decision, status=422).text
    assert '<a href="#opinion">审核意见</a>' in answer and focused(answer) == ["form-errors"]
    answer = reviewer.post(f"{bench}/decide", decision | {"action": "pass", "opinion": "行"}, status=422).text
    assert "尚缺：" in answer and focused(answer) == ["form-errors"]
    answer = reviewer.post(f"{bench}/decide", decision | {"version": "1", "opinion": "行"}, status=409).text
    assert focused(answer) == ["form-errors"]
    reviewer.post(f"{bench}/decide", decision | {"action": "sing", "opinion": "行"}, status=404)
    reviewer.post(f"{bench}/decide", decision | {"opinion": "立面补齐后再送"}, status=303)
    review = session.scalars(select(DrawingReview)).one()
    assert (review.state, review.current.score) == ("RETURNED", 77)
    assert session.scalars(select(PenaltyEntry.rule)).all() == ["K-01"]
    reviewer.post(f"{bench}/findings", {"code": "D01"}, status=409)

    specialist.get(f"{here}/steps/acknowledge", status=200)
    signed = {"acknowledged_by": people["designer"].id, "acknowledged_at": "2026-05-11T10:00"}
    specialist.post(f"{here}/steps/acknowledge", signed, status=303)
    form = specialist.get(f"{here}/steps/resubmit", status=200)
    assert "<select" not in form.text.partition('id="step"')[2].partition("</form>")[0]
    assert ticked(form.text, "documents") == [True, True, False, False, True, False, False]
    assert ticked(form.text, "corrected") == [False] * len(review.open_findings)
    again = {
        "documents": ["1", "2"], "corrected": [each.id for each in review.findings], "submitted_at": "2026-05-11T10:00",
        "version": version_of(form),
    }  # fmt: skip
    specialist.post(f"{here}/steps/resubmit", again | {"submitted_at": "2026-05-10T09:00"}, status=422)
    specialist.post(f"{here}/steps/resubmit", again, status=303)
    page = reviewer.get(bench, status=200).text
    assert "设计师称已改正" in page and "请确认" in page
    for each in review.findings:
        word = "no" if each.code == "D06" else "yes"
        reviewer.post(f"{bench}/findings/{each.id}/judge", {"fixed": word}, htmx=True, status=200, check=False)
    page = reviewer.get(bench, status=200).text
    assert ">95</text>" in page and "840.00" in page and "R-02" in page
    for path in (
        "/records/drawing-reviews?filter=",
        "/records/review-findings?filter=",
        "/records/deduction-rules",
        here,
    ):
        reviewer.get(path, status=200)


def test_the_catalogue_is_the_manager_s(sign_in, session):
    manager, reviewer = sign_in(Role.MANAGER), sign_in(Role.REVIEWER)
    line = session.scalars(select(DeductionRule).where(DeductionRule.code == "D10")).one()
    path = f"/records/deduction-rules/{line.id}"
    reviewer.get(path, status=403)
    sent = {"code": "D10", "title": "客户资料填写不全", "points": "4", "is_active": "y", "version": str(line.version)}
    assert "1 到 100" in manager.post(path, sent | {"points": "0"}, status=422).text
    assert "已有这个编号" in manager.post(path, sent | {"code": "D01"}, status=422).text
    manager.post(path, sent, status=303)
    manager.post(path, sent | {"points": "5"}, status=409)
    session.expire_all()
    assert (line.points, line.provenance) == (4, "OWN")
    manager.post("/records/deduction-rules/new", sent | {"code": "d16", "title": "图框缺项"}, status=303)
    assert "D16" in reviewer.get("/records/deduction-rules", status=200).text


def test_a_contract_from_the_letter_of_intent_to_the_signature(sign_in, people, session, clock):
    specialist, reviewer = sign_in(Role.SPECIALIST), sign_in(Role.REVIEWER)
    customer = people["customer"]
    path = f"/records/contracts/intent?customer={customer.number}"
    intent = {
        "scope": "全屋半包", "amount": "168000", "duration_days": "87", "designer": people["designer"].id,
        "store": people["store"].id, "intended_on": "2026-05-11", "client_key": "i1",
    }  # fmt: skip
    assert "施工范围" in specialist.post(path, intent | {"scope": ""}, status=422).text
    letter = {"style": "现代简约", "deposit": "5000", "intended_until": "2026-06-10"}
    assert (
        "有效期早于意向书日期"
        in specialist.post(path, intent | letter | {"intended_until": "2026-05-10"}, status=422).text
    )
    specialist.post(path, intent | letter | {"deposit": "-1"}, status=422)
    here = specialist.post(path, intent | letter, status=303).location
    quotation = {"title": "半包报价", "amount": "168000", "quoted_on": "2026-05-11", "client_key": "q1"}
    specialist.post(f"/records/quotations/new?customer={customer.number}", quotation, status=303)
    shown = specialist.get(here, status=200).text
    assert "现代简约" in shown and "5,000.00" in shown and "2026-06-10" in shown
    assert "意向" in shown and "登记违规签约" in shown and "drawing-reviews/new?contract=" in shown

    def step(action: str, data: dict, status: int = 303):
        seen = version_of(specialist.get(f"{here}/steps/{action}", status=200))
        return specialist.post(f"{here}/steps/{action}", data | {"version": seen}, status=status)

    step("negotiate", {"draft": "初稿 1", "quotation": session.scalars(select(Quotation.id)).one()})
    legal = {"submitted_by": people["sales"].id, "submitted_at": "2026-05-11T09:30"}
    assert "逐项讲解" in step("submit-legal", legal, 422).text
    seen = version_of(specialist.get(f"{here}/covered", status=200))
    specialist.post(
        f"{here}/covered", {"topics": [str(n) for n in range(1, 10)], "draft": "初稿 1", "version": seen}, status=303
    )
    step("submit-legal", legal)
    points = {"points": ["1", "2", "3", "4"], "approver": people["legal"].id}
    assert "意见" in step("return-legal", points, 422).text
    step("return-legal", points | {"opinion": "补写违约金比例", "comment_liability": "只写“按规定”，没有比例"})
    step("resubmit-legal", {"what_changed": "写明违约金 5%"})
    whole = points | {"points": ["1", "2", "3", "4", "5"]}
    assert "图纸审核已合格" in step("approve", whole, 422).text, "no drawings were handed in"
    submit(specialist, people, contract=session.scalars(select(Contract.id)).one())
    number = session.scalars(select(DrawingReview.number)).one()
    page = reviewer.get(f"/reviewer/bench/{number}", status=200)
    decision = {"action": "pass", "version": version_of(page), "seen": "100", "opinion": ""}
    reviewer.post(f"/reviewer/bench/{number}/decide", decision, status=303)
    step("approve", whole)
    signing = {
        "signed_on": "2026-05-11", "amount": "168000", "signed_by_company": "方总", "signed_by_customer": "张建军",
        "identities_checked": "y", "copies_customer": "1", "copies_finance": "1", "copies_engineering": "1", "copies_legal": "1",
    }  # fmt: skip
    assert "R-06" in step("sign", signing | {"amount": "160000"}, 422).text
    assert (
        "原件"
        in step(
            "sign", signing | {f"copies_{who}": "0" for who in ("customer", "finance", "engineering", "legal")}, 422
        ).text
    )
    step("sign", signing)
    contract = session.scalars(select(Contract)).one()
    assert (contract.state, contract.amount, contract.review.state) == ("SIGNED", Decimal("168000.00"), "SIGNED")
    shown = specialist.get(here, status=200).text
    assert "只写“按规定”，没有比例" in shown
    assert "法务通过" in shown and "100" in shown and "违规签约" not in shown
    specialist.get(f"{here}/covered", status=409)

    people["customer"] = customer
    second = specialist.post(path, intent | {"client_key": "i2"}, status=303).location
    here = second
    told = specialist.get(f"{here}/steps/sign-anyway", status=200).text
    assert "R-04" in told
    anyway = {"signed_on": "2026-05-11", "amount": "168000", "reason": "客户催促", "branch_manager": people["head"].id}
    step("sign-anyway", anyway)
    assert "违规签约" in specialist.get(here, status=200).text
    assert session.scalars(select(PenaltyEntry.rule).order_by(PenaltyEntry.id)).all() == ["K-03", "K-03", "K-04"]
