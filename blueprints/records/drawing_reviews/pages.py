"""The page of a drawing review: rounds, findings, what is proposed; its steps."""

from __future__ import annotations

from typing import Any

from flask import g
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import joinedload, selectinload

from blueprints.http import find_or_404, requires
from blueprints.records import blueprint, editing, showing
from blueprints.records.drawing_reviews import forms
from blueprints.records.steps import StepPages
from portal import formatting
from portal.i18n import N_, _, _p
from portal.models.drawing_review import DrawingReview, ReviewRound
from portal.permissions import Permission
from portal.processes.drawing_review import Action, Paper, Result, State
from portal.services import drawing_reviews, review_findings

P = Permission
PATH = "/drawing-reviews/<number>"
GROUPS = (
    (
        N_("Drawing review"),
        (
            "designer_id", "branch_manager_id", "store_id", "contract_amount", "home_id", "contract_id", "owner_id",
            "submitted_at", "pass_score", "signed_on", "reason",
        ),
    ),
)  # fmt: skip
NAMED = (
    joinedload(DrawingReview.customer),
    joinedload(DrawingReview.home),
    joinedload(DrawingReview.contract),
    joinedload(DrawingReview.designer),
    joinedload(DrawingReview.branch_manager),
    joinedload(DrawingReview.owner),
    joinedload(DrawingReview.store),
    selectinload(DrawingReview.rounds).joinedload(ReviewRound.reviewer),
    selectinload(DrawingReview.rounds).joinedload(ReviewRound.acknowledged_by),
    selectinload(DrawingReview.findings),
)


@blueprint.get(PATH)
@requires(P.REVIEW_VIEW)
def drawing_review(number: str) -> ResponseReturnValue:
    """A review: who, what for which price, its rounds and findings."""
    record = find(number)
    actions = []
    if review_findings.may_judge(record, g.user):
        actions.append(
            {
                "label": _("To the bench"),
                "url": f"/reviewer/bench/{record.number}",
                "icon": "ruler-2",
                "primary": True,
                "key": "b",
            }
        )
    notes = []
    if record.state == State.SIGNED_WITHOUT_PASS:
        notes.append(
            (
                "alert-triangle",
                _(
                    "Signed without a pass: on %(day)s although it had not passed (R-04).",
                    day=formatting.full_date(record.signed_on),
                ),
            )
        )
    return showing.show(
        record,
        record.title,
        drawing_reviews.FIELDS,
        GROUPS,
        meta=[
            (record.customer.name, editing.path(record.customer)),
            (_("Round %(number)s", number=record.round_no), ""),
        ],
        actions=actions,
        notes=notes,
        tables=[rounds_table(record), findings_table(record)],
        household_url=f"{editing.path(record.customer)}/household",
    )


@blueprint.route(f"{PATH}/steps/<action>", methods=["GET", "POST"])
@requires(P.REVIEW_VIEW)
def drawing_review_step(number: str, action: str) -> ResponseReturnValue:
    """One step of the review: its form, and carrying it out."""
    return STEPS.show(number, action)


def find(number: str) -> DrawingReview:
    """The review of that number, if it exists for the person. Raises NotFound."""
    return find_or_404(DrawingReview, number, NAMED)


def rounds_table(record: DrawingReview) -> showing.Table:
    """What was handed in and what came out, round by round."""
    head = [
        (_p("review", "Round"), "num"),
        (_p("drawing review", "Submitted at"), "num"),
        (_("Papers handed in"), "fill"),
        (_("Decided at"), "num"),
        (_("Score"), "num"),
        (_("Result"), ""),
        (_("Opinion"), ""),
        (_("Signed for by"), "cell-foot"),
    ]
    rows = [
        [
            each.round_no,
            formatting.moment(each.submitted_at),
            "、".join(Paper.show(code) for code in each.documents) or formatting.DASH,
            formatting.moment(each.reviewed_at) if each.reviewed_at else formatting.DASH,
            each.score if each.score is not None else formatting.DASH,
            Result.show(each.result),
            " ".join(filter(None, (each.what_changed, each.opinion))) or formatting.DASH,
            f"{each.acknowledged_by.name} {formatting.moment(each.acknowledged_at)}"
            if each.acknowledged_by
            else formatting.DASH,
        ]
        for each in record.rounds
    ]
    return showing.Table(_("Rounds"), head, rows, _("Nothing was handed in."))


def findings_table(record: DrawingReview) -> showing.Table:
    """Every finding with what became of it."""
    head = [
        (_("Finding"), ""),
        (_p("finding", "Place"), ""),
        (_("What is wrong"), "fill"),
        (_("Must be fixed"), ""),
        (_("How often"), "num"),
        (_("Points"), "num"),
        (_p("review", "Round"), "num"),
        (_("Corrected"), "cell-foot"),
    ]
    rows = [
        [
            f"{each.code} {each.title}",
            each.place or formatting.DASH,
            each.description or formatting.DASH,
            "✓" if each.must_fix else formatting.DASH,
            each.count,
            f"−{each.points}",
            each.round_no,
            _("in round %(number)s", number=each.fixed_in_round) if each.fixed_in_round else _p("finding", "open"),
        ]
        for each in record.findings
    ]
    return showing.Table(_("Findings"), head, rows, _("Nothing was found so far."), count=len(rows))


def _sign(session: Any, review: DrawingReview, _command: None, **said: Any) -> None:
    drawing_reviews.sign(session, review, **said)


STEPS = StepPages(
    find=find,
    forms={
        Action.PASS: (forms.OpinionForm, drawing_reviews.pass_),
        Action.RETURN: (forms.OpinionForm, drawing_reviews.return_),
        Action.COMPLETE: (forms.OpinionForm, drawing_reviews.complete),
        Action.RESUBMIT: (forms.ResubmitForm, drawing_reviews.resubmit),
        Action.CHANGE: (forms.ChangeForm, drawing_reviews.change),
        Action.ACKNOWLEDGE: (forms.AcknowledgeForm, drawing_reviews.acknowledge),
        Action.SIGN: (forms.SignForm, _sign),
        Action.BYPASS: (forms.BypassForm, drawing_reviews.bypass),
        Action.WITHDRAW: (forms.WithdrawForm, drawing_reviews.withdraw),
    },
    kinds=N_("Drawing reviews"),
    heading=lambda review: (review.customer.name, review.title),
    shows_waiting_clocks=False,
)
