"""Forms as the worked example of `domain.md` 8 fills them in, and forms that are nearly empty."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from random import Random

from PIL import Image, ImageDraw

from portal.clock import at_local
from portal.documents.views import (
    Annex,
    Company,
    ComplaintFile,
    ComplaintRegister,
    CourseEntry,
    CustomerForm,
    Issue,
    Liability,
    Limit,
    Photo,
    ProblemSlip,
    Share,
    Signature,
    SignOff,
    SlipRound,
)

COMPANY = Company("示例装饰工程有限公司", "客户服务部", "400-000-0000")
ISSUE = Issue(COMPANY, "文件 00012", datetime(2026, 10, 15, 1, 0, tzinfo=UTC), "周晓雯")


def on(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of 2026 on the company's clocks."""
    return at_local(date(2026, month, day), hour, minute)


def picture(seed: int = 1, size: tuple[int, int] = (1200, 900)) -> bytes:
    """A photo-like JPEG: shades, edges and noise."""
    random = Random(seed)
    image = Image.new("RGB", size, (120 + seed * 7 % 90, 130, 120))
    draw = ImageDraw.Draw(image)
    for _step in range(160):
        x, y = random.randrange(size[0]), random.randrange(size[1])
        shade = tuple(random.randrange(60, 220) for _channel in range(3))
        draw.rectangle((x, y, x + random.randrange(20, 260), y + random.randrange(20, 200)), fill=shade)
    noise = Image.effect_noise(size, 30).convert("RGB")
    buffer = io.BytesIO()
    Image.blend(image, noise, 0.15).save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def ink() -> bytes:
    """A signature as a signature pad sends it."""
    image = Image.new("RGBA", (480, 180), (255, 255, 255, 0))
    draw = ImageDraw.Draw(image)
    draw.line([(40, 60), (120, 40), (90, 140), (200, 80), (180, 150), (300, 50), (280, 140), (420, 90)], "#1c2229", 6)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


SLIP = ProblemSlip(
    number="TS-2026-0001",
    phases=(("售中", True), ("售后", False)),
    customer="张建军",
    phone="13800000001",
    address="滨江花园 3 号楼 2 单元 1501",
    contract_number="HT-2026-0001",
    designer="许诺（城南店）",
    project_manager="王志强",
    foreman="刘大勇",
    supervisor="丁一",
    category="现场管理/文明施工/安全",
    severity="一般性，单一部门",
    content="现场灰尘大，楼道和客厅有烟头，水泥袋未归堆，客户到场时无人清扫。",
    demand="两天内彻底清理，以后每天收工清扫，工地禁烟。",
    received_by="周晓雯",
    received_at=on(5, 11, 10),
    handover_due_at=on(5, 11, 13),
    departments=(SignOff("工程部", "石磊", on(5, 11, 11, 20), True),),
    verify_call_at=on(5, 11, 15),
    verified_by="王志强",
    verify_result="情况属实，保洁未按日清扫。",
    verify_due_at=on(5, 12, 11, 20),
    rounds=(
        SlipRound(
            1,
            plan="派保洁 2 人全屋及楼道清理；工长每日收工拍照上传；工地设禁烟标识。",
            plan_fed_back_at=on(5, 12, 10),
            visit_appointment=on(5, 13, 14),
            solve_due_at=on(5, 14, 10),
            visit_at=on(5, 13, 14),
            visit_by="王志强、刘大勇",
            solution_record="到场清理完毕，客户当场确认。按 K-11 对刘大勇队处罚款 50.00 元（伍拾元整），单号 JC-2026-0003。",
            follow_up_at=on(5, 14, 9, 30),
            follow_up="客户满意，无遗留问题。",
        ),
    ),
    closed_at=on(5, 14, 9, 40),
    root_cause="保洁未纳入工长日检。",
    improvement="日检表增加清扫一项，05-20 前完成。",
    responsible="王志强",
    signatures=(
        Signature("客户确认签字", "张建军", date(2026, 5, 13), ink()),
        Signature("责任部门主管", "石磊", date(2026, 5, 11)),
        Signature("客服专员", "周晓雯", date(2026, 5, 14)),
        Signature("客服经理（需要时）"),
    ),
)

EMPTY_SLIP = ProblemSlip(
    number="TS-2026-0002",
    phases=(("售中", True), ("售后", False)),
    customer="𠮷田䶮",
    phone="057188123456",
    address=None,
    contract_number=None,
    designer=None,
    project_manager=None,
    foreman=None,
    supervisor=None,
    category="其他",
    severity="一般性",
    content="卫生间渗水。",
    demand="尽快修复。",
    received_by="周晓雯",
    received_at=on(5, 11, 10),
    handover_due_at=on(5, 11, 13),
    departments=(),
    verify_call_at=None,
    verified_by=None,
    verify_result=None,
    verify_due_at=None,
    rounds=(SlipRound(1),),
    closed_at=None,
    root_cause=None,
    improvement=None,
    responsible=None,
    signatures=(
        Signature("客户确认签字"),
        Signature("责任部门主管"),
        Signature("客服专员"),
        Signature("客服经理（需要时）"),
    ),
)

FILE = ComplaintFile(
    number="TS-2026-0007",
    state="已结案",
    customer="陈思远",
    customer_number="KH-2026-0008",
    grade="A",
    phone="13900000008",
    address="翠湖天地 5 号楼 1 单元 1802",
    project_number="GC-2026-0008",
    contract_number="HT-2026-0008",
    contract_amount=Decimal("268000.00"),
    designer="许诺",
    project_manager="王志强",
    foreman="孙海",
    supervisor="丁一",
    received_at=on(6, 1, 9),
    channel="来电",
    received_by="周晓雯",
    owner="周晓雯",
    phase="售中",
    category="施工质量",
    severity="重大",
    verdict="成立",
    departments=("工程部", "客服部"),
    content="搬运材料时撞坏入户门，门框变形，漆面掉落两处，关门有异响。",
    demand="更换入户门或赔偿 5,000 元。",
    course=(
        CourseEntry(on(6, 1, 9), "已登记", "周晓雯", "客户来电，情绪激动，已致歉并告知 12:00 前回复。"),
        CourseEntry(on(6, 1, 10, 30), "已转部门签收", "石磊", "工程部签收，复印件已留。"),
        CourseEntry(on(6, 1, 15), "已电话核实", "王志强", "情况属实，监控显示搬运工未包裹门框。"),
        CourseEntry(on(6, 2, 10), "已升级", "周晓雯", "客户要求赔偿，按 R-10 提交经理。"),
        CourseEntry(on(6, 3, 14), "已约上门", "陈丽华", "与工程部石磊、客户现场查看。"),
        CourseEntry(on(6, 4, 16), "公司主管审核", "方总", "同意赔偿 4,000 元。"),
        CourseEntry(on(6, 8, 11), "已结案", "陈丽华", "客户签字确认，无其他要求。"),
    ),
    limits=(
        Limit("DL-10", "部门签收", on(6, 1, 12), on(6, 1, 10, 30), False),
        Limit("DL-11", "部门电话核实", on(6, 2, 10, 30), on(6, 1, 15), False),
        Limit("DL-15", "经理上门", on(6, 4, 18), on(6, 4, 19), True),
    ),
    escalation_number="SJ-2026-0001",
    cause="搬运前未对入户门做成品保护，工长未到场监督。",
    liability=(
        Liability("孙海（工长）", Decimal(70), "成品保护未做，现场无人监督。"),
        Liability("公司", Decimal(30), "成品保护标准未写入派工单。"),
    ),
    solution="赔偿 4,000.00 元，客户自行更换入户门；工长书面道歉。",
    compensation=Decimal("4000.00"),
    shares=(Share("孙海（工长）", Decimal(70), Decimal("2800.00")), Share("公司", Decimal(30), Decimal("1200.00"))),
    root_cause="成品保护没有进入开工检查表。",
    improvement="开工检查表增加入户门、电梯厅保护；未通过不得进料。",
    responsible="石磊",
    closed_at=on(6, 8, 11),
    annexes=(
        Annex("售中、售后问题确认单 F-06（客户签字）", "扫描件", date(2026, 6, 3), 1),
        Annex("入户门照片", "照片", date(2026, 6, 1), 4),
        Annex("赔偿协议.pdf", "文件", date(2026, 6, 5), 2),
    ),
    signatures=(
        Signature("客户签字", "陈思远", date(2026, 6, 8), ink()),
        Signature("责任部门主管"),
        Signature("客服专员", "周晓雯", date(2026, 6, 8)),
        Signature("客服经理", "陈丽华", date(2026, 6, 8)),
    ),
)

VISITOR = CustomerForm(
    number="ZX-2026-0006",
    name="张建军",
    title="先生",
    phone="13800000001",
    phone2=None,
    wechat="zjj_1980",
    sources=tuple(
        (word, word == "到店")
        for word in ("电话", "网站", "微信公众号", "装修平台", "到店", "展会", "小区", "回头客介绍")
    ),
    referred_by=None,
    address="滨江花园 3 号楼 2 单元 1501",
    area=Decimal("118.00"),
    layout="三室两厅",
    style="现代简约",
    budget=Decimal("170000.00"),
    handover_on=date(2026, 3, 20),
    wanted_start_on=None,
    intentions=(("高", False), ("中", True), ("低", False)),
    needs="三口之家，孩子六岁。儿童房要防撞，厨房想做开放式，老人每年来住两个月，需要一间朝南次卧。",
    answer=None,
    avoid_times="12:30–14:00 午休",
    received_by="李敏",
    consultant="许诺（城南店）",
    occurred_at=on(3, 7, 10),
    signatures=(Signature("客户签字"), Signature("接待人", "李敏"), Signature("咨询顾问")),
)

REGISTER = ComplaintRegister(
    number="TS-2026-0001",
    complainant="张建军",
    phone="13800000001",
    customer="张建军（KH-2026-0001）",
    address="滨江花园 3 号楼 2 单元 1501",
    contract_number="HT-2026-0001",
    received_at=on(5, 11, 10),
    channels=tuple(
        (word, word == "来电") for word in ("来电", "来访", "网站", "微信", "平台", "邮件", "意见箱", "展会")
    ),
    phases=(("售前", False), ("售中", True), ("售后", False)),
    category="现场管理/文明施工/安全",
    severities=(("一般性", True), ("重大", False)),
    content="现场灰尘大，楼道和客厅有烟头，水泥袋未归堆，客户到场时无人清扫。",
    demand="两天内彻底清理，以后每天收工清扫，工地禁烟。",
    evidence=("客厅烟头.jpg", "楼道水泥袋.jpg"),
    verdicts=(("成立", True), ("不成立", False), ("恶意", False)),
    verdict_note=None,
    departments=("工程部",),
    taken_by="李敏",
    owner="周晓雯",
    handover_due_at=on(5, 11, 13),
    signatures=(Signature("投诉人签字"), Signature("受理人", "李敏", date(2026, 5, 11)), Signature("客服经理")),
    photos=(
        Photo("客厅烟头，2026-05-11 09:40", picture(1)),
        Photo("楼道水泥袋，2026-05-11 09:42", picture(2)),
        Photo("门口", None),
    ),
)
