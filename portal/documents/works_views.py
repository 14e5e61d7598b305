"""What the forms of the works show, as plain values: F-11, F-12, F-13, F-15, F-31. Source: `domain.md` 4.28.

They are sheets of one kind: headed sections of labelled cells, some with a table, and boxes to sign in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from portal.documents.views import Signature
from portal.i18n import N_, Text


@dataclass(frozen=True, slots=True)
class Cell:
    """A labelled value; None is a field to be filled in by hand. `span`: of the six columns, the label not counted."""

    label: str
    text: str | None
    span: int = 1
    is_tall: bool = False
    """A text of several lines."""


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of a section; `wide` is the column that takes the room that is left, `figures` stand to the right."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    wide: int = 0
    figures: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """What stands under a heading."""

    heading: str
    rows: tuple[tuple[Cell, ...], ...] = ()
    grid: Grid | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A form that is made of sections."""

    FORM: ClassVar[str]
    TITLE: ClassVar[Text]
    TEMPLATE: ClassVar[str] = "sheet.html"

    number: str
    sections: tuple[Section, ...]
    signatures: tuple[Signature, ...]
    note: str | None = None
    is_void: bool = False
    """What was signed is not what stands here any more."""


class AcceptanceForm(Sheet):
    """F-11 工程验收单."""

    __slots__ = ()
    FORM = "F-11"
    TITLE = N_("Acceptance of the works", "form")


class CompletionNotice(Sheet):
    """F-12 竣工验收通知."""

    __slots__ = ()
    FORM = "F-12"
    TITLE = N_("Notice of the completion acceptance", "form")


class CompletionReport(Sheet):
    """F-13 竣工验收报告."""

    __slots__ = ()
    FORM = "F-13"
    TITLE = N_("Completion report", "form")


class ContractInformation(Sheet):
    """F-15 合同信息单."""

    __slots__ = ()
    FORM = "F-15"
    TITLE = N_("Contract information", "form")


class DisclosureRecord(Sheet):
    """F-31 技术交底记录."""

    __slots__ = ()
    FORM = "F-31"
    TITLE = N_("Technical disclosure", "form")


class StageRecord(Sheet):
    """F-31-2 隐蔽工程验收记录、工程移交单 and the records of the other stages."""

    __slots__ = ()
    FORM = "F-31-2"
    TITLE = N_("Record of a stage acceptance or hand-over", "form")
