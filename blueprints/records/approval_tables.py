"""What the page of a record says of the consent that was asked for it: a banner, and all rounds."""

from __future__ import annotations

import dataclasses
from typing import Any

from flask import g
from markupsafe import Markup, escape

from blueprints.records import editing, showing
from portal import formatting
from portal.db import session
from portal.i18n import N_, Text, _
from portal.models.approval import Approval, ApprovalStep
from portal.models.org import Party
from portal.permissions import Permission, may
from portal.processes.approval import Decision, Level, State
from portal.services import approvals
from portal.services.fields import Field

LINK = Markup('<a class="dl" href="{}">{}</a>')


def banner(record: Any) -> list[tuple[str, str]]:
    """One sentence while consent is waited for: whose, to which amount; its number leads to the request."""
    found = approvals.waiting_for(session(), record)
    if found is None or found.present is None:
        return []
    who = found.present.who or Level.show(found.present.level)
    asks = found.asked_by_id == g.user.id and may(g.user, Permission.APPROVAL_VIEW)
    may_open = asks or may(g.user, Permission.APPROVAL_DECIDE)
    number = LINK.format(editing.path(found), found.number) if may_open else escape(found.number)
    if found.amount is None:
        return [("hourglass", linked(N_("Waits for the consent of: %(who)s (%(number)s)"), who=who, number=number))]
    amount = formatting.money(found.amount)
    return [
        (
            "hourglass",
            linked(
                N_("%(amount)s yuan wait for the consent of: %(who)s (%(number)s)"),
                amount=amount,
                who=who,
                number=number,
            ),
        )
    ]


def linked(sentence: Text, **values: str) -> Markup:
    """A sentence in which values that are links stay links; everything else is text."""
    return Markup(escape(str(sentence))) % {name: escape(value) for name, value in values.items()}


def rounds(record: Any) -> list[showing.Table]:
    """Every round with every word, the last one first; nothing where nothing was asked."""
    found = approvals.of_record(session(), record)
    if not found:
        return []
    opens = may(g.user, Permission.APPROVAL_DECIDE)
    rows: list[list[Any]] = []
    for approval in reversed(found):
        for step in approval.steps:
            rows.append(
                [
                    (approval.number, editing.path(approval)) if opens else approval.number,
                    str(approval.round_no),
                    formatting.money(approval.amount) if approval.amount is not None else formatting.DASH,
                    Level.show(step.level),
                    approvals.who_of(step),
                    word_of(approval, step),
                ]
            )
    head = [
        (_("Number"), "ref"),
        (_("Round"), "num hide-small"),
        (_("Amount (yuan)"), "num"),
        (_("Whose consent"), ""),
        (_("Who"), ""),
        (_("Decision"), "fill"),
    ]
    return [showing.Table(_("Approvals"), head, rows, "")]


def naming(fields: dict[str, Field], name: str, record: Any) -> dict[str, Field]:
    """The fields of a record with whoever consented written as in its approval: A for B."""

    def show(person: Party) -> str:
        return approvals.said_by(session(), record.approval_id, person) or formatting.DASH

    return fields | {name: dataclasses.replace(fields[name], show=show)}


def word_of(approval: Approval, step: ApprovalStep) -> str:
    """What was said and when; of what was not decided, how the round ended."""
    if step.decision is None:
        return str(State(approval.state).label)
    parts = [Decision.show(step.decision), formatting.moment(step.decided_at), step.reason, step.evidence]
    if approval.state in (State.WITHDRAWN, State.VOID):
        parts.append(str(State(approval.state).label))
    return " · ".join(part for part in parts if part)
