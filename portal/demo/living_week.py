"""A living week around today: households in work, a history of twelve weeks, and open work in every state."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy.orm import Session

from portal import clock
from portal.clock import ZONE
from portal.demo import sites, works
from portal.demo.cases import Case, Household, contact, signs
from portal.demo.hours import closing_time, day_so_far, next_on_duty, on_duty
from portal.demo.stage import Stage
from portal.models.task import TaskKind
from portal.services import consultations, tasks

NAMES = (
    ("林国栋", "MR"), ("彭志刚", "MR"), ("许文斌", "MR"), ("钱伟", "MR"), ("郭晓东", "MR"), ("罗建平", "MR"),
    ("徐海燕", "MS"), ("何静", "MS"), ("宋佳", "MS"), ("高志明", "MR"), ("叶秀兰", "MS"), ("刘佩", "MS"),
    ("沈玉梅", "MS"), ("陆建华", "MR"), ("汤立新", "MR"), ("范晓彤", "MS"), ("贺建明", "MR"), ("秦海燕", "MS"),
    ("苗雨", "MS"), ("方雅琴", "MS"), ("温雅", "MS"), ("顾明", "MR"), ("曹雪梅", "MS"), ("邓佳怡", "MS"),
)  # fmt: skip
ESTATES = ("翠湖天地", "滨江花园", "桂语江南", "云杉苑", "书香门第", "丽水佳园")

SUBJECTS = (
    ("QUALITY", "厨房墙砖多处空鼓", "墙砖贴完第三天敲击有空响，担心吊柜挂不牢。", "空鼓部位返工，给出书面方案"),
    ("SCHEDULE", "吊顶停工五天", "吊顶做到一半，五天没有人来。", "告知复工时间"),
    ("SITE", "楼道垃圾三天未清运", "装修垃圾堆在楼道，物业催了两次。", "当天清走"),
    ("MATERIAL", "到货地板色差明显", "同一批地板深浅不一。", "换货"),
    ("PERSONNEL", "油工暗示索要烟酒", "油工多次暗示要烟。", "更换班组并道歉"),
    ("MONEY", "橱柜增项未经签字", "结算单上多出橱柜增项，没有签过字。", "取消增项"),
    ("DESIGN", "储物柜尺寸与图纸不符", "储物柜比图纸窄 6 厘米。", "按图纸重做"),
    ("NEIGHBOUR", "午休时段敲打", "楼下邻居投诉午休时敲打。", "遵守施工时间"),
    ("QUALITY", "卫生间闭水后楼下渗水", "闭水试验当晚楼下天花渗水。", "重做防水并检查楼下"),
    ("SITE", "入户门被工人划伤", "门面有两道划痕。", "修复或更换"),
    ("QUALITY", "墙面乳胶漆开裂", "客厅墙面出现三条裂缝。", "铲除重刷"),
    ("SCHEDULE", "竣工推迟两周没有说明", "合同工期已过，没有人解释。", "给出书面工期"),
)
DEPARTMENTS = {"DESIGN": ("DESIGN", "高原"), "MATERIAL": ("PURCHASING", "何材"), "MONEY": ("FINANCE", "吴会计")}


STILL_TO_CALL = 4
"""Households whose mid-term passed today or on the days before, and who are still to be called about it."""


def plan(stage: Stage, today: datetime) -> list[Household]:
    """Put households, history and the open work of today on the stage; gives the households."""
    dice = random.Random(2026)
    houses = _households(stage, today)
    _history(stage, today, houses, dice)
    _open_complaints(stage, today, houses)
    _contacts(stage, today, houses)
    _handled_today(stage, today)
    return houses


def _households(stage: Stage, today: datetime) -> list[Household]:
    houses = []
    for index, (name, title) in enumerate(NAMES):
        signed = clock.today(today) - timedelta(days=170 - 5 * index)
        house = Household(
            key=f"H{index + 1}",
            name=name,
            phone=f"1390002{index + 43:04d}",
            estate=ESTATES[index % len(ESTATES)],
            building=str(1 + index * 3 % 17),
            unit=str(1 + index % 3),
            room=f"{3 + index * 5 % 26}0{1 + index % 4}",
            area=str(78 + index * 13 % 110),
            amount=f"{68000 + index * 17300 % 260000}.00",
            signed=signed.isoformat(),
            title=title,
            owner="specialist" if index % 3 else "specialist_2",
            source=("STORE", "REFERRAL", "WEBSITE", "ESTATE")[index % 4],
        )
        signs(stage, house)
        works.usual(stage, house, signed + timedelta(days=8), 5 + index, foreman="吴刚")  # 刘大勇's crew left (8.1)
        since_mid = len(NAMES) - 1 - index
        mid_on = clock.today(today) - timedelta(days=since_mid) if since_mid < STILL_TO_CALL else None
        sites.usual(stage, house, signed + timedelta(days=8), mid_on)
        houses.append(house)
    return houses


def _history(stage: Stage, today: datetime, houses: list[Household], dice: random.Random) -> None:
    """Three to six complaints a week for twelve weeks, closed, some late on the way."""
    for week in range(12, 0, -1):
        for number in range(dice.randint(3, 6)):
            start = today - timedelta(weeks=week, hours=-dice.uniform(0, 90))
            start = start.astimezone(ZONE).replace(hour=dice.randint(9, 16), minute=dice.randint(0, 59), second=0)
            house = houses[(week * 5 + number * 7) % 14]
            category, subject, content, demand = SUBJECTS[(week * 3 + number) % len(SUBJECTS)]
            department, head = DEPARTMENTS.get(category, ("ENGINEERING", "石磊"))
            pace = dice.choice((0.5, 0.7, 0.7, 0.8, 0.9, 1.3))

            def after(hours: float, start: datetime = start, pace: float = pace) -> datetime:
                return on_duty(start + timedelta(hours=hours * pace), today)

            case = Case(stage, f"W{week}-{number}", house, owner=house.owner)
            case.registered(start, category, subject, content, demand)
            case.signed(after(2.4), department, head)
            case.verified(after(18), "情况属实")
            case.planned(after(36), "安排人员上门处理")
            case.visited(after(78), "处理完毕，客户签字")
            case.closed(after(96), "过程检查不到位", "列入每日自检", head)


def _open_complaints(stage: Stage, today: datetime, houses: list[Household]) -> None:
    """One or more in every state, some late, some soon."""

    def ago(hours: float) -> datetime:
        return on_duty(today - timedelta(hours=hours), today)

    def case(index: int, hours: float, subject: int, **fields: bool | str) -> Case:
        house = houses[index]
        category, title, content, demand = SUBJECTS[subject]
        owner = "specialist" if index % 4 else "specialist_2"
        made = Case(stage, f"open-{index}", house, owner=owner)
        return made.registered(ago(hours), category, title, content, demand, **fields)  # type: ignore[arg-type]

    for index, hours, subject in ((1, 0.7, 2), (2, 2.45, 5)):
        fresh = case(index, hours, subject)
        if today - ago(hours) > timedelta(hours=3):  # the office closed meanwhile, and nobody went home before
            fresh.signed(ago(hours) + timedelta(minutes=25))
    case(3, 9, 1)
    case(4, 21.5, 7).signed(ago(20))
    case(5, 33, 8).signed(ago(31))
    case(6, 30, 0).signed(ago(28)).verified(ago(5), "七块空鼓属实，四块在吊柜承重位")
    case(7, 45, 3).signed(ago(43.5), "PURCHASING", "何材").verified(ago(21.5), "色差属实，同意换货", by="何材")
    case(8, 40, 10).signed(ago(38)).verified(ago(26), "三条裂缝属实").planned(ago(10), "铲除重刷三面墙", 30)
    case(9, 95, 9).signed(ago(93)).verified(ago(75), "两道划痕").planned(ago(47), "补漆处理", 30)
    case(10, 118, 4).signed(ago(116)).verified(ago(98), "工人承认").planned(ago(60), "更换油工班组", 24)
    case(11, 90, 11).signed(ago(88)).verified(ago(70), "工期确有延误").planned(ago(60), "增派人手").visited(
        ago(19), "复工并给出书面工期", by="王志强"
    )
    case(12, 80, 6).signed(ago(78.5), "DESIGN", "高原").verified(ago(60), "窄 6 厘米属实", by="许诺").planned(
        ago(50), "重新下单制作"
    ).visited(ago(2), "新柜体安装完成", by="许诺、安装工")
    case(13, 130, 0).signed(ago(128)).verified(ago(110), "空鼓属实").planned(ago(90), "返工两处").visited(
        ago(60), "已返工"
    ).reworked(ago(40), "返工处勾缝颜色不一", "重新勾缝")
    case(14, 26, 5, several=True).signed(ago(24), "FINANCE", "吴会计").verified(
        ago(8), "增项确无签字", by="吴会计"
    ).planned(ago(3), "取消增项，重做结算单", 20, costs=True)
    case(15, 55, 8, severity="MAJOR").signed(ago(53.5)).verified(ago(40), "楼下天花渗水属实").escalated(
        ago(20),
        "COMPENSATION",
        "闭水前未检查地漏接口",
        "已签收并核实，楼下邻居要求赔偿",
        "赔偿楼下天花维修费并重做防水",
    )
    case(16, 6, 7).handled(ago(4.5), "电话约定：12:00–14:00 不施工，贴告示并通知班组")


def _contacts(stage: Stage, today: datetime, houses: list[Household]) -> None:
    """Calls, visits and messages of the last days and of today's hours so far."""
    midnight = clock.at_local(clock.today(today))
    begun, ended = day_so_far(today)

    def today_at(share: float) -> datetime:
        return begun + (ended - begun) * share

    for back in range(1, 6):
        day = midnight - timedelta(days=back)
        for number, hour in enumerate((9.2, 10.6, 14.3, 16.1)):
            house = houses[(back * 4 + number) % len(houses)]
            contact(
                stage, day + timedelta(hours=hour), house.name, house.phone, ("问水电验收时间", "问瓷砖到货日期",
                "问下周谁来现场", "问保修单什么时候给")[number], customer=house.key, answer="已按进度答复", satisfied=number != 2,
            )  # fmt: skip
    contact(
        stage, today_at(0.15), houses[0].name, houses[0].phone, "问几点上门，希望先看到书面方案", customer=houses[0].key,
        message_to="specialist", promise="上门前给您书面方案", promised_at=next_on_duty(today + timedelta(hours=3)),
    )  # fmt: skip
    contact(
        stage, today_at(0.3), houses[12].name, houses[12].phone, "竣工后还没有收到保修单", customer=houses[12].key,
        promise="把保修单拍照发给您", promised_at=next_on_duty(today + timedelta(hours=6)), message_to="specialist",
    )  # fmt: skip
    contact(
        stage, today_at(0.4), "唐小雨", "13700020051", "问旧房改造报价", answer="已介绍套餐并约到店", satisfied=True
    )
    contact(
        stage,
        today_at(0.5),
        "未知来电",
        "18600027719",
        "响铃未接",
        kind="OTHER",
        needs_call_back=True,
        complexity="COMMON",
    )
    contact(
        stage, today_at(0.6), "顾先生", "13600020088", "到店看样板间，关心环保板材", channel="VISIT", key="visitor-1",
        property_address="书香门第 9 号楼", style="原木", area=Decimal("96.5"), layout="两室两厅",
        handover_on=clock.today(today) + timedelta(days=30), wanted_start_on=clock.today(today) + timedelta(days=45),
    )  # fmt: skip
    contact(
        stage, today_at(0.8), houses[11].name, houses[11].phone, "阳台地漏返味", kind="REPAIR", customer=houses[11].key
    )
    contact(
        stage, today_at(0.9), houses[21].name, houses[21].phone, "问中期款能否分两次付", customer=houses[21].key,
        complexity="SPECIAL", key="forward-1",
    )  # fmt: skip

    def forwards(writing: Session, at: datetime) -> None:
        consultations.forward(
            writing,
            stage.get(writing, "forward-1"),
            consultations.Forward("FINANCE", True, True, stage.get(writing, "吴会计")),
            actor=stage.get(writing, "front_desk"),
            at=at,
        )

    def leaves(writing: Session, at: datetime) -> None:
        consultations.leave(writing, stage.get(writing, "visitor-1"), actor=stage.get(writing, "front_desk"), at=at)

    stage.at(today_at(0.9) + timedelta(seconds=1), forwards)
    stage.at(min(today_at(0.6) + timedelta(minutes=100), closing_time(begun)), leaves)


def _handled_today(stage: Stage, today: datetime) -> None:
    """What people set themselves: a check for the reviewer, a look for the captain."""

    def act(writing: Session, at: datetime) -> None:
        for key, person, title, hours in (
            ("open-6", "reviewer", "到现场核对空鼓部位与图纸", 5.0),
            ("open-8", "captain", "带裂缝仪看一下墙面", 8.0),
            ("open-5", "captain", "查卫生间渗水点", 2.0),
        ):
            tasks.open_task(
                writing, TaskKind.TODO, title, stage.get(writing, key), at=at,
                due_at=next_on_duty(today + timedelta(hours=hours)), who=tasks.Responsible(stage.get(writing, person)),
            )  # fmt: skip

    stage.at(on_duty(today - timedelta(minutes=30), today), act)
