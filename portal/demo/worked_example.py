"""The worked example of the manual, as far as contacts and complaints go. Source: `domain.md` 8.1, 8.2."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy.orm import Session

from portal.demo import repairs, reviews, sites, works
from portal.demo.cases import Case, Household, contact, pays, reaches, signs
from portal.demo.stage import Stage
from portal.models.customer import Intention
from portal.processes.follow_up import CallStage
from portal.services import call_plan, consultations, customers, projects

ZHANG = Household(
    "张建军", "张建军", "13900010001", "滨江花园", "3", "2", "1501", "118", "168000.00", "2026-03-31", days=87
)
CHEN = Household(
    "陈思远", "陈思远", "13900010002", "云杉苑", "8", "1", "902", "142", "268000.00", "2026-04-02", layout="四室两厅"
)
ZHAO = Household("赵敏", "赵敏", "13900010003", "桂语江南", "6", "1", "902", "96", "132000.00", "2026-04-07", "MS")
SUN = Household("孙丽", "孙丽", "13900010004", "翠湖天地", "2", "1", "1103", "104", "150000.00", "2026-04-03", "MS")


def plan(stage: Stage) -> None:
    """Put the stories on the stage."""
    _main_line(stage)
    reviews.bypass(stage, SUN)
    for number, house in enumerate((CHEN, ZHAO, SUN), 2):
        signs(stage, house)
        built = {"foreman": "孙海", "manager": "李志远"} if house is ZHAO else {}  # 8.2 line 2
        works.usual(stage, house, date(2026, 4, 20), number, **built)
        sites.usual(stage, house, date(2026, 4, 20))
    _escalation(stage)
    _other_lines(stage)


def _main_line(stage: Stage) -> None:
    """张建军: from the first call to the closed complaint."""

    def first_call(writing: Session, at: datetime) -> None:
        desk = stage.get(writing, "front_desk")
        customer = customers.create(
            writing,
            customers.CreateCustomer(name="张建军", phone=ZHANG.phone, source="PHONE", gender_title="MR"),
            actor=desk,
            at=at,
        )
        stage.keep("张建军.customer", customer)
        made = consultations.log(
            writing,
            consultations.LogContact(
                channel="PHONE",
                kind="CONSULT",
                complexity="SPECIAL",
                name="张建军",
                phone=ZHANG.phone,
                caller_number=ZHANG.phone,
                question="咨询全包报价方式（已答复）；问卫生间防水材料的价格",
                occurred_at=at,
                customer=customer,
                handover_on=date(2026, 3, 20),
                taken_seconds=27,
            ),
            actor=desk,
            at=at,
        )
        designer = stage.get(writing, "许诺")
        consultations.forward(writing, made, consultations.Forward("DESIGN", True, True, designer), actor=desk, at=at)
        stage.keep("ZX1", made)

    def answered(writing: Session, at: datetime) -> None:
        specialist = stage.get(writing, "specialist")
        made = stage.get(writing, "ZX1")
        reply = consultations.Reply("防水涂料两遍加闭水试验，按展开面积计价，已电话告知客户", at)
        consultations.reply(writing, made, reply, actor=specialist, at=at)
        consultations.close(writing, made, consultations.Close(True), actor=specialist, at=at)

    def first_contact(writing: Session, at: datetime) -> None:
        customer = stage.get(writing, "张建军.customer")
        manager = stage.get(writing, "manager")
        fields = customers.CreateCustomer.__dataclass_fields__
        values = {name: getattr(customer, name) for name in fields}
        values |= {"owner_id": stage.get(writing, "specialist").id, "intention": Intention.MEDIUM}
        command = customers.UpdateCustomer(version=customer.version, **values)
        customers.update(writing, customer, command, actor=manager, at=at)

    stage.at("2026-03-02 09:12", first_call)
    stage.at("2026-03-02 15:30", answered)
    stage.at("2026-03-03 08:50", first_contact)
    for day, name, phone, question in (
        ("2026-03-04 10:05", "罗先生", "13900010021", "问门店地址和营业时间"),
        ("2026-03-05 11:20", "唐女士", "13900010022", "问半包和全包的区别"),
        ("2026-03-06 09:40", "冯先生", "13900010023", "问旧房翻新是否接单"),
        ("2026-03-06 16:10", "白女士", "13900010024", "问是否可以参观工地"),
    ):
        contact(stage, day, name, phone, question, answer="已按标准答复说明", satisfied=True)
    contact(
        stage, "2026-03-07 10:00", "张建军", ZHANG.phone, "到店了解现代简约风格方案，约设计师许诺量房",
        channel="VISIT", customer="张建军", key="ZX6", budget=Decimal("170000"), style="现代简约",
        area=Decimal("118"), layout="三室两厅", wanted_start_on=date(2026, 4, 8), property_address="滨江花园 3 号楼 2 单元 1501", answer="已由许诺接待，约 3 月 9 日量房",
        satisfied=True,
    )  # fmt: skip

    def leaves(writing: Session, at: datetime) -> None:
        desk = stage.get(writing, "front_desk")
        consultations.leave(writing, stage.get(writing, "ZX6"), actor=desk, at=at)

    stage.at("2026-03-07 11:30", leaves)

    reviews.intent(stage, ZHANG, "张建军.customer")
    reviews.three_rounds(stage, ZHANG)
    reviews.legal_and_signature(stage, ZHANG)
    works.builds(
        stage, ZHANG, archived="2026-04-01 09:30", dispatched="2026-04-03 11:00", started="2026-04-08 09:00", card="LLK-0001",
    )  # fmt: skip
    Case(stage, "TS1", ZHANG).registered(
        "2026-05-11 10:00",
        "SITE",
        "工地灰尘大，地上有烟头",
        "客户到工地发现客厅灰尘厚，阳台地面有烟头。",
        "马上清理，工人不得在室内抽烟",
    ).signed("2026-05-11 11:20").verified("2026-05-11 15:00", "情况属实，当天班组收工未清场").planned(
        "2026-05-12 10:00", "安排清扫组，约 5 月 13 日 14:00 上门清理", visit_in_hours=28
    ).visited("2026-05-13 14:00", "全屋清扫，烟头清除，客户现场查看并在 F-06 签字", by="清扫组、刘大勇").closed(
        "2026-05-14 09:30", "班组收工未按要求清场", "每日收工拍照清场，项目经理抽查", "刘大勇队"
    )

    def mid_money(writing: Session, at: datetime) -> None:
        pays(stage, writing, "张建军", "MID", "58800.00", "2026-05-22", at)
        pays(stage, writing, "张建军", "CHANGE", "3600.00", "2026-05-22", at)

    stage.at("2026-05-22 15:00", mid_money)
    sites.main_line(stage, ZHANG)
    works.completes(
        stage, ZHANG, checked="2026-06-30 17:00", noticed="2026-07-01 09:00", appointed="2026-07-04 10:00",
        paid="2026-07-06 10:00",
    )  # fmt: skip


def _escalation(stage: Stage) -> None:
    """陈思远, TS-2026-0007: a damaged front door, 5,000 demanded, handed to the manager the next day."""
    Case(stage, "TS7", CHEN).registered(
        "2026-06-01 09:00", "SITE", "入户门被工人划伤", "搬运瓷砖时入户门外侧划出三道长痕，门是客户自购。", "赔偿 5,000 元",
        severity="MAJOR",
    ).signed("2026-06-01 10:30").verified("2026-06-01 16:00", "划痕属实，三道，最长 40 厘米").escalated(
        "2026-06-02 10:00", "COMPENSATION", "搬运时没有做成品保护，门面划伤", "工程部已签收并电话核实，客户不接受补漆", "赔偿 5,000 元或更换同款门"
    ).taken("2026-06-02 14:00")  # fmt: skip


def _other_lines(stage: Stage) -> None:
    """Unfounded, malicious, ordinary ones, and TS-2026-0010 whose head signed after 4 h 10 min."""
    Case(stage, "TS2", ZHAO).registered(
        "2026-05-15 09:20", "MATERIAL", "怀疑橱柜板材不是合同品牌", "客户认为到货板材标签与合同不一致。", "更换板材"
    ).explained(
        "2026-05-15 11:00", "核对送货单与合同，品牌、等级一致，标签为厂家新版", "已请客户到现场对照防伪码，客户理解"
    )
    Case(stage, "TS3", SUN).registered(
        "2026-05-19 14:00",
        "OTHER",
        "要求免单否则到门店闹事",
        "来电人多次要求免除全部尾款，拒绝说明具体问题。",
        "免除尾款",
    ).refused("2026-05-19 15:30", "三次通话录音及门店监控，来电人承认无质量问题")
    ordinary = (
        ("TS4", ZHAO, "2026-05-22", "SCHEDULE", "瓦工停工四天无人说明"),
        ("TS5", SUN, "2026-05-25", "QUALITY", "卫生间墙砖对缝不齐"),
        ("TS6", CHEN, "2026-05-28", "DESIGN", "插座位置与图纸不符"),
        ("TS8", ZHAO, "2026-06-05", "PERSONNEL", "油工言语不礼貌"),
        ("TS9", SUN, "2026-06-09", "NEIGHBOUR", "午休时间敲打，邻居投诉"),
    )
    for key, house, day, category, subject in ordinary:
        start = datetime.fromisoformat(f"{day} 09:10")
        later = [f"{start + timedelta(hours=hours):%Y-%m-%d %H:%M}" for hours in (0, 1.5, 7, 24, 50, 72)]
        department, head = ("DESIGN", "高原") if category == "DESIGN" else ("ENGINEERING", "石磊")
        Case(stage, key, house).registered(later[0], category, subject, f"客户反映：{subject}。", "尽快解决").signed(
            later[1], department, head
        ).verified(later[2], "情况属实").planned(later[3], "安排人员上门处理").visited(
            later[4], "已处理，客户签字"
        ).closed(later[5], "现场管理不到位", "加强巡查", head)
    Case(stage, "TS10", ZHAO).registered(
        "2026-06-15 09:00", "QUALITY", "客厅地砖空鼓两处", "客户敲击发现客厅两块地砖空鼓。", "更换空鼓地砖"
    ).signed("2026-06-15 13:10").verified("2026-06-16 19:10", "两块空鼓属实").planned(
        "2026-06-17 09:30", "更换两块地砖"
    ).visited("2026-06-18 10:00", "已更换并勾缝").closed(
        "2026-06-18 17:00", "铺贴时背面砂浆不满", "空鼓检查列入班组自检", "瓦工班组"
    )
    for house in (CHEN, ZHAO, SUN):
        _mid_money(stage, house)
        reaches(stage, house.key, "2026-08-17 14:00", projects.pre_accepted)
        works.completes(
            stage, house, checked="2026-08-17 17:00", noticed="2026-08-18 09:00", appointed="2026-08-20 10:00",
            paid="2026-08-21 10:00",
        )  # fmt: skip
        repairs.certificate(stage, house, "2026-08-21 11:00", date(2026, 8, 20))
        sites.talks(stage, house, CallStage.ONE_MONTH, "2026-09-21 10:00")
    stage.at("2026-09-20 08:00", call_plan.open_due)


def _mid_money(stage: Stage, house: Household) -> None:
    def act(writing: Session, at: datetime) -> None:
        terms = stage.get(writing, f"{house.key}.contract").terms
        pays(stage, writing, house.key, "MID", str(terms[1].amount), "2026-06-22", at)

    stage.at("2026-06-22 15:00", act)
