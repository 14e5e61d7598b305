"""The demo's drawing reviews: SH-2026-0001 of the worked example with its three rounds, the bypass, and the reviewer's day.

Source: `domain.md` 8.1 (03-11 to 03-31), 8.2 line 5. Everything goes through the services at the story's own time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.demo import pictures
from portal.demo.cases import Household, comes_in, pays
from portal.demo.hours import on_duty
from portal.demo.stage import Stage
from portal.models.customer import CustomerKind
from portal.models.drawing_review import DeductionRule
from portal.processes.contract import LegalPoint, Topic
from portal.processes.drawing_review import Paper
from portal.services import (
    attachments,
    contracts,
    customers,
    drawing_reviews,
    negotiations,
    projects,
    properties,
    quotations,
    review_findings,
)

PAPERS = tuple(paper.value for paper in Paper)
Found = tuple[str, int, str, str, int, int]
"""A finding: code, how often, place, what is wrong, and its place on the plan in thousandths."""
ROUND_1: tuple[Found, ...] = (
    ("D02", 2, "厨房 · 主卫", "厨房 C 立面、主卫 B 立面未出图，无法核对墙砖用量", 805, 250),
    ("D06", 1, "阳台", "阳台防水 6.2 m² 未列入报价", 520, 830),
    ("D07", 1, "客厅", "客厅吊顶图纸 18.4 m²，报价 21.0 m²，误差 14%", 500, 420),
    ("D09", 1, "全屋", "乳胶漆只写“环保漆”，无品牌和型号", 200, 320),
)
"""77 points: 100 − 10 − 5 − 5 − 3 (8.1)."""


def intent(stage: Stage, house: Household, customer_key: str) -> None:
    """03-11: the letter of intent; 03-20: quotation, what was covered."""

    def intends(writing: Session, at: datetime) -> None:
        customer, actor = stage.get(writing, customer_key), stage.get(writing, house.owner)
        home = properties.create(
            writing, customer,
            properties.CreateProperty(
                estate=house.estate, building=house.building, unit=house.unit, room=house.room,
                area=Decimal(house.area), layout=house.layout, handover_on=date(2026, 3, 20),
            ),
            actor=actor, at=at,
        )  # fmt: skip
        stage.keep(f"{house.key}.home", home)
        command = negotiations.Intend(
            "三室两厅全屋半包：拆改、水电、防水、瓦、木、油，现代简约风格", Decimal(house.amount), house.days,
            stage.get(writing, "许诺"), stage.get(writing, "城南店"),
        )  # fmt: skip
        stage.keep(f"{house.key}.contract", negotiations.intend(writing, customer, command, actor=actor, at=at))

    def negotiates(writing: Session, at: datetime) -> None:
        actor, contract = stage.get(writing, house.owner), stage.get(writing, f"{house.key}.contract")
        command = quotations.CreateQuotation(
            title="半包报价 第 2 版", amount=Decimal(house.amount), quoted_on=date(2026, 3, 20),
            property_id=stage.get(writing, f"{house.key}.home").id, designer_id=stage.get(writing, "许诺").id,
        )  # fmt: skip
        quotation = quotations.create(writing, contract.customer, command, actor=actor, at=at)
        negotiations.negotiate(
            writing, contract, negotiations.Negotiate("初稿 2026-03-20", quotation), actor=actor, at=at
        )
        writing.flush()
        covered = negotiations.Cover(tuple(topic.value for topic in Topic))
        negotiations.cover(writing, contract, covered, version=contract.version, actor=actor, at=at)

    stage.at("2026-03-11 10:00", intends)
    stage.at("2026-03-20 15:00", negotiates)


def three_rounds(stage: Stage, house: Household) -> None:
    """03-23 to 03-27: 77 returned, 95 returned, 100 passed."""

    def submits(writing: Session, at: datetime) -> None:
        contract = stage.get(writing, f"{house.key}.contract")
        command = drawing_reviews.SubmitReview(
            PAPERS, stage.get(writing, "许诺"), stage.get(writing, "高原"), stage.get(writing, "城南店"),
            Decimal(house.amount), at, stage.get(writing, f"{house.key}.home"), contract,
        )  # fmt: skip
        actor = stage.get(writing, house.owner)
        review = drawing_reviews.submit(writing, contract.customer, command, actor=actor, at=at)
        stage.keep("SH1", review)
        _papers(writing, review, actor, at)

    def judged(*open_codes: str) -> Any:
        def act(writing: Session, at: datetime) -> None:
            review, reviewer = stage.get(writing, "SH1"), stage.get(writing, "reviewer")
            for finding in review.earlier_findings:
                is_fixed = finding.code not in open_codes
                review_findings.judge(writing, review, finding, is_fixed=is_fixed, actor=reviewer, at=at)
            if open_codes:
                opinion = drawing_reviews.Decide("阳台防水仍未列入报价，补列后再送。")
                drawing_reviews.return_(writing, review, opinion, actor=reviewer, at=at)
            else:
                opinion = drawing_reviews.Decide("全部改正，可以签约。")
                drawing_reviews.pass_(writing, review, opinion, actor=reviewer, at=at)

        return act

    def again(*corrected: str) -> Any:
        def act(writing: Session, at: datetime) -> None:
            review = stage.get(writing, "SH1")
            ids = tuple(each.id for each in review.open_findings if each.code in corrected)
            command = drawing_reviews.Resubmit(PAPERS, at, ids)
            drawing_reviews.resubmit(writing, review, command, actor=stage.get(writing, house.owner), at=at)

        return act

    stage.at("2026-03-23 14:00", submits)
    stage.at("2026-03-24 15:20", partial(_finds, stage, "SH1", ROUND_1))
    stage.at("2026-03-24 16:00", partial(_returns, stage, "SH1", "立面补齐后一并复核墙砖用量。"))
    stage.at("2026-03-24 17:30", partial(_signs_for, stage, "SH1"))
    stage.at("2026-03-26 10:00", again("D02", "D06", "D07", "D09"))
    stage.at("2026-03-26 16:00", judged("D06"))
    stage.at("2026-03-26 17:00", partial(_signs_for, stage, "SH1"))
    stage.at("2026-03-27 09:30", again("D06"))
    stage.at("2026-03-27 11:00", judged())


def legal_and_signature(stage: Stage, house: Household) -> None:
    """03-27 to 03-31: five points pass, both sign, the first payment comes in."""

    def hands_in(writing: Session, at: datetime) -> None:
        contract = stage.get(writing, f"{house.key}.contract")
        command = negotiations.SubmitLegal(stage.get(writing, "蒋涛"), at)
        negotiations.submit_legal(writing, contract, command, actor=stage.get(writing, house.owner), at=at)

    def approves(writing: Session, at: datetime) -> None:
        contract = stage.get(writing, f"{house.key}.contract")
        points = {point.value: (True, None) for point in LegalPoint}
        command = negotiations.Judge(points, "条款完整，可以签订。", stage.get(writing, "钱律师"))
        negotiations.approve(writing, contract, command, actor=stage.get(writing, house.owner), at=at)

    def signs(writing: Session, at: datetime) -> None:
        actor, contract = stage.get(writing, house.owner), stage.get(writing, f"{house.key}.contract")
        start = date.fromisoformat(house.signed) + timedelta(days=8)
        command = projects.CreateProject(
            kind=house.kind, branch_id=stage.get(writing, "城南店").id, designer_id=stage.get(writing, "许诺").id,
            sales_id=stage.get(writing, "蒋涛").id, planned_start_on=start,
            planned_finish_on=start + timedelta(days=house.days), contract_days=house.days,
        )  # fmt: skip
        project = projects.create(writing, stage.get(writing, f"{house.key}.home"), command, actor=actor, at=at)
        stage.keep(f"{house.key}.project", project)
        agreed = {"project_id": project.id, "template_id": stage.get(writing, "template").id}
        contracts.change(writing, contract, agreed, version=contract.version, actor=actor, at=at)
        signing = negotiations.Sign(
            date.fromisoformat(house.signed), "方总", contract.customer.name, contract.amount,
            [{"holder": holder, "count": 1} for holder in negotiations.USUAL_COPIES], True,
        )  # fmt: skip
        negotiations.sign(writing, contract, signing, actor=actor, at=at)
        pays(stage, writing, house.key, "FIRST", str(contract.terms[0].amount), house.signed, at)

    stage.at("2026-03-27 14:00", hands_in)
    stage.at("2026-03-30 16:30", approves)
    stage.at(f"{house.signed} 16:00", signs)


def bypass(stage: Stage, house: Household) -> None:
    """8.2 line 5: returned 04-02, signed 04-03 all the same. It was entered as passed on paper, the reviewer finds out in May."""

    def submits(writing: Session, at: datetime) -> None:
        customer = comes_in(stage, writing, house, at, CustomerKind.LEAD)
        command = drawing_reviews.SubmitReview(
            PAPERS, stage.get(writing, "许诺"), stage.get(writing, "高原"), stage.get(writing, "城南店"),
            Decimal(house.amount), at,
        )  # fmt: skip
        actor = stage.get(writing, house.owner)
        review = drawing_reviews.submit(writing, customer, command, actor=actor, at=at)
        stage.keep("SH2", review)
        _papers(writing, review, actor, at)

    def registers(writing: Session, at: datetime) -> None:
        command = drawing_reviews.Bypass(date.fromisoformat(house.signed))
        reviewer = stage.get(writing, "reviewer")
        drawing_reviews.bypass(writing, stage.get(writing, "SH2"), command, actor=reviewer, at=at)

    stage.at("2026-04-01 10:00", submits)
    stage.at("2026-04-02 14:20", partial(_finds, stage, "SH2", ROUND_1[1:3]))
    stage.at("2026-04-02 15:00", partial(_returns, stage, "SH2", "阳台防水漏项、吊顶工程量不符，改正后再送。"))
    stage.at("2026-05-14 10:30", registers)


OPEN_REVIEWS: tuple[tuple[str, str, str, float, Sequence[Found], str], ...] = (
    ("杜若飞", "听涛雅苑 6-2-1102", "126000.00", 44, (("D04", 3, "次卧", "开间尺寸与平面图矛盾", 160, 640),), "wait"),
    ("费舒然", "翠湖天地 11-1-803", "208000.00", 27, (), "wait"),
    ("甘明哲", "云杉苑 3-1-1501", "152000.00", 6, (), "wait"),
    ("桑知夏", "桂语江南 9-1-602", "98000.00", 70, (("D03", 1, "全屋", "缺水电点位图", 700, 600), ("D11", 3, "合同", "工期、违约金、附件三处空白", 300, 850)), "return"),
    ("萧景行", "滨江花园 7-2-903", "186000.00", 90, (("D10", 1, "首页", "客户电话未填", 120, 120),), "pass"),
)  # fmt: skip
"""Who, where, amount, hours ago, findings, and what came of it."""


def reviewers_day(stage: Stage, today: datetime) -> None:
    """What lies on the bench today: one nearly late, some fresh, one with the store, one passed."""
    for index, (name, address, amount, hours, found, outcome) in enumerate(OPEN_REVIEWS, 1):
        key = f"bench-{index}"

        def ago(less: float, hours: float = hours) -> datetime:
            return on_duty(today - timedelta(hours=hours - less), today)

        stage.at(ago(0), _submits(stage, key, name, address, amount, index))
        stage.at(ago(1), partial(_finds, stage, key, found))
        if outcome == "return":
            stage.at(ago(3), partial(_returns, stage, key, "补水电图，合同空白处填写完整。"))
        elif outcome == "pass":
            stage.at(ago(4), partial(_passes, stage, key))


# ---------- Parts ----------


def _submits(stage: Stage, key: str, name: str, address: str, amount: str, index: int) -> Any:
    def act(writing: Session, at: datetime) -> None:
        actor = stage.get(writing, "specialist")
        customer = customers.create(
            writing,
            customers.CreateCustomer(name=name, phone=f"1390002{index:04d}", source="STORE", owner_id=actor.id),
            actor=actor, at=at,
        )  # fmt: skip
        estate, rest = address.split(" ")
        building, unit, room = rest.split("-")
        command = properties.CreateProperty(
            estate=estate, building=building, unit=unit, room=room, area=Decimal(100 + index * 7)
        )
        home = properties.create(writing, customer, command, actor=actor, at=at)
        submitted = drawing_reviews.SubmitReview(
            PAPERS, stage.get(writing, "许诺"), stage.get(writing, "高原"), stage.get(writing, "城南店"),
            Decimal(amount), at, home,
        )  # fmt: skip
        review = drawing_reviews.submit(writing, customer, submitted, actor=actor, at=at)
        stage.keep(key, review)
        _papers(writing, review, actor, at)

    return act


def _papers(writing: Session, review: Any, actor: Any, at: datetime) -> None:
    for place, name in enumerate(("平面布置图", "水电点位图"), 1):
        accepted = pictures.plan(f"{name}.png", review.id * 10 + place)
        attachments.add(writing, review, accepted, actor=actor, at=at, kind="PHOTO")


def _finds(stage: Stage, key: str, found: Sequence[Found], writing: Session, at: datetime) -> None:
    review, reviewer = stage.get(writing, key), stage.get(writing, "reviewer")
    paper = attachments.of_record(writing, review)[0]
    for code, count, place, words, x, y in found:
        rule = writing.scalars(select(DeductionRule).where(DeductionRule.code == code)).one()
        mark = review_findings.Mark(paper, 1, x, y)
        finding = review_findings.add(writing, review, rule, actor=reviewer, at=at, mark=mark)
        details = review_findings.Details(count, rule.must_fix, place, words)
        review_findings.write(writing, review, finding, details, actor=reviewer, at=at)


def _returns(stage: Stage, key: str, opinion: str, writing: Session, at: datetime) -> None:
    reviewer = stage.get(writing, "reviewer")
    drawing_reviews.return_(writing, stage.get(writing, key), drawing_reviews.Decide(opinion), actor=reviewer, at=at)


def _passes(stage: Stage, key: str, writing: Session, at: datetime) -> None:
    reviewer = stage.get(writing, "reviewer")
    drawing_reviews.pass_(writing, stage.get(writing, key), drawing_reviews.Decide(), actor=reviewer, at=at)


def _signs_for(stage: Stage, key: str, writing: Session, at: datetime) -> None:
    command = drawing_reviews.Acknowledge(stage.get(writing, "许诺"), at)
    drawing_reviews.acknowledge(
        writing, stage.get(writing, key), command, actor=stage.get(writing, "specialist"), at=at
    )
