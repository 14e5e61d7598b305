"""The knowledge base of the demo: rules, scripts and answers, one in its second edition, one that waits for approval. Source: `domain.md` 4.9, 4.23, 5.4, 7.6, 7.7."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from portal.demo.hours import on_duty
from portal.demo.stage import Act, Stage
from portal.processes.follow_up import CallStage, GradeClass
from portal.processes.knowledge import Category
from portal.services import knowledge
from portal.services.approvals import Word
from portal.services.knowledge import Draft

PHONE = Draft(
    "电话接听规范",
    Category.MANNERS,
    """# 接听
1. 铃响三声内接听，报公司名称和本人姓名：“您好，客服监察部，我是某某，请问有什么可以帮您？”
2. 语速适中，用客户听得懂的话，不讲行话，不打断客户。
3. 听完后复述要点，请客户确认。

# 转接
- 转接前先征得客户同意，并说明要等多久。
- 等待不超过 1 分钟；接不通就记下留言，由本人回电。

# 结束
- 确认客户没有其他需要，说明今后怎样联系我们。
- 请客户先挂机。

# 记录
挂机后立即登记来电号码、内容和答应客户的事。服务热线 24 小时畅通，值班电话不打私人电话。""",
    is_mandatory=True,
)
VOICES = """

# 三声服务
- 来有迎声：“您好，很高兴为您服务。”
- 问有答声：每个问题都有回应，不说“不知道”“办不了”。
- 走有送声：“感谢来电，祝您生活愉快。”"""
PLANNED = Draft(
    "客户冲突应急预案",
    Category.PROCEDURE,
    """# 发现
- 第一发现人立即报告客服经理，讲清地点、人数、起因。
- 请客户到洽谈区就座，其他客户由同事引导离开。

# 处置
1. 经理 1 小时内到场，指定一人与客户沟通，一人记录。
2. 先听后说：不争吵、不抬高声音、不轻率承诺、不推卸责任。
3. 有人受伤、有媒体到场或涉及群体的，同时报告总经理。

# 事后
5 个工作日内总结：原因、教训、改进措施及责任人。""",
)


@dataclass(frozen=True, slots=True)
class Story:
    """An article, who wrote it, and how many days ago it was published."""

    key: str
    writer: str
    days: int
    draft: Draft


STORIES = (
    Story("ZS1", "specialist", 60, PHONE),
    Story(
        "ZS2", "specialist", 58,
        Draft(
            "前台接待规范", Category.MANNERS,
            """# 仪容
着工装，整洁大方；淡妆，不戴夸张饰品；坐姿站姿端正。

# 来访接待
1. 起身微笑问候，请客户就座，奉水或奉茶。
2. 询问来意，填写来访登记。
3. 引导到接待顾问并作介绍，简单问题当场答复。
4. 客户离开时起身致谢，告知由谁与他联系。

# 网站和微信
值班时间内的留言即时回复。""",
        ),
    ),
    Story(
        "ZS3", "specialist", 55,
        Draft(
            "回访开场与结束用语", Category.SCRIPT,
            """# 开场
“您好，我是某某公司客服监察部的某某，请问是张先生吗？想了解一下您家装修的情况，大约五分钟，现在方便吗？”

不方便时：约定下次时间，并按约定时间再打。

# 结束
- 感谢客户，说明意见已转到哪个部门、什么时候会有答复。
- 留下服务热线，道别。

# 客户不满意时
“感谢您坦率地告诉我们，给您添麻烦了，非常抱歉。我们会改进，最迟在约定的日期前给您答复。”""",
        ),
    ),
    Story(
        "ZS4", "specialist", 52,
        Draft(
            "开工回访要点", Category.SCRIPT,
            """# 必问
1. 是否按约定日期开工？
2. 设计师、工长、项目经理是否到场做了技术交底？
3. 图纸和报价是否都清楚？
4. 项目经理是否作了自我介绍并留下电话？
5. 开工告示、工牌、工地标识、地面和门的保护是否到位？

# 选问
- 设计师的服务打几分？
- 签约时的承诺是否兑现？
- 每周哪一天联系比较方便？""",
            stage=CallStage.START,
        ),
    ),
    Story(
        "ZS5", "reviewer", 50,
        Draft(
            "隐蔽工程回访要点", Category.SCRIPT,
            """# 必问
1. 隐蔽工程验收是否邀请您或您的代理人到场？
2. 封闭之前是否签了验收记录？
3. 监理是否在场？

# 客户常问：为什么要在封板前验收？
水电管线封在墙内和地下，封闭后再检查就要拆。请客户看打压试验和闭水试验的结果，并拍照留存。

- 水电走向与图纸是否一致
- 材料与合同是否一致
- 项目经理每周是否联系
- 增项是否讲清并签字""",
            stage=CallStage.CONCEALED,
        ),
    ),
    Story(
        "ZS6", "specialist", 45,
        Draft(
            "完工回访要点（A级客户）", Category.SCRIPT,
            """# 由经理或主管专员拨打
1. 总体质量打几分？工期是否守约？
2. 验收后提出的问题是否都已处理？
3. 结算是否清楚？
4. 保修单和使用保养须知是否收到？
5. 设计师、项目经理、工长、监理、客服各打几分？
6. 是否愿意把我们推荐给朋友（0–10 分）？

# 多问一句
- 还有什么愿望？
- 是否同意参观、拍照？

不满意的答复，1 小时内报经理。""",
            grade=GradeClass.A,
            stage=CallStage.COMPLETION,
        ),
    ),
    Story(
        "ZS7", "captain", 40,
        Draft(
            "保修期限和范围问答", Category.FAQ,
            """# 保修从哪天算起？
从竣工验收之日起算；付清尾款后办理工程保修单。

# 各项保修多久？
按 2024 版合同：

- 基础装修 2 年
- 水电工程、防水工程 5 年
- 定制木作 3 年
- 五金开关、墙面油漆 2 年
- 主材和设备按厂家规定

# 哪些不在保修范围？
使用不当或人为损坏、第三方或私下施工、客户自购材料、房屋沉降和不可抗力、合同已删减的项目、正常磨损。

# 报修后多久到？
8 小时内到现场。""",
        ),
    ),
    Story(
        "ZS8", "specialist", 30,
        Draft(
            "客户投诉处理要点", Category.PROCEDURE,
            """# 受理
- 先听，为添的麻烦道歉，答应尽快处理，告知下一次联系的日期。
- 不争吵、不抬高声音、不轻率承诺、不推卸责任，不怀疑客户的诚意。

# 时限
1. 3 小时内登记、转责任部门并由负责人签收。
2. 签收后 24 小时内，部门电话核实。
3. 核实后 24 小时内，反馈方案和上门时间。
4. 反馈后 48 小时内，上门处理。
5. 处理后 24 小时内，客服回访。

# 转升级
涉及赔偿、客服无法解决、两轮仍不满意、同一问题第三次出现、涉及安全、媒体、律师或群体的，转升级客诉。""",
            stage=CallStage.REVISIT,
        ),
    ),
)  # fmt: skip


def plan(stage: Stage, today: datetime) -> None:
    """Put the articles on the stage: written, approved, read by some; the newest days leave something to do."""

    def ago(days: float) -> datetime:
        return on_duty(today - timedelta(days=days), today)

    for story in STORIES:
        _published(stage, story, ago)
    for name in ("front_desk", "specialist", "reviewer", "captain", "manager"):
        stage.at(ago(59), _reads(stage, name, 1))
    _revised(stage, ago)
    for name in ("specialist", "reviewer"):
        stage.at(ago(5), _reads(stage, name, 2))

    def planned(writing: Session, at: datetime) -> None:
        actor = stage.get(writing, "specialist")
        article = stage.keep("ZS9", knowledge.write(writing, PLANNED, actor=actor, at=at))
        knowledge.ask(writing, article, None, actor=actor, at=at)

    stage.at(ago(1), planned)


def _published(stage: Stage, story: Story, ago: Callable[[float], datetime]) -> None:
    def written(writing: Session, at: datetime) -> None:
        actor = stage.get(writing, story.writer)
        article = stage.keep(story.key, knowledge.write(writing, story.draft, actor=actor, at=at))
        knowledge.ask(writing, article, None, actor=actor, at=at)

    stage.at(ago(story.days + 1), written)
    stage.at(ago(story.days), _approved(stage, story.key))


def _revised(stage: Stage, ago: Callable[[float], datetime]) -> None:
    def revised(writing: Session, at: datetime) -> None:
        article, actor = stage.get(writing, "ZS1"), stage.get(writing, "specialist")
        knowledge.revise(writing, article, None, actor=actor, at=at)
        knowledge.change(writing, article, replace(PHONE, body=PHONE.body + VOICES), actor=actor, at=at)
        knowledge.ask(writing, article, None, actor=actor, at=at)

    stage.at(ago(7), revised)
    stage.at(ago(6), _approved(stage, "ZS1"))


def _approved(stage: Stage, key: str) -> Act:
    def act(writing: Session, at: datetime) -> None:
        knowledge.approve(writing, stage.get(writing, key), Word(), actor=stage.get(writing, "manager"), at=at)

    return act


def _reads(stage: Stage, name: str, edition: int) -> Act:
    def act(writing: Session, at: datetime) -> None:
        article, actor = stage.get(writing, "ZS1"), stage.get(writing, name)
        knowledge.confirm_reading(writing, article, edition, actor=actor, at=at)

    return act
