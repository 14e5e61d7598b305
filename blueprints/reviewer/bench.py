"""The bench: papers at the left, findings at the right, the running score, the word on the round.

What is written is kept at once: a finding is a row of its own, the server adds up the points with each change. The parts
(`viewer`, `findings`, `score`) are drawn by `templates/reviewer/bench_parts.html`, alone for htmx.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from flask import current_app, g, make_response, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from blueprints.forms import BooleanField, Form, TextField, WholeField
from blueprints.http import page, requires, see_other, wants_fragment
from blueprints.records import process_view
from blueprints.records.documents import send_content
from blueprints.records.drawing_reviews.pages import find
from blueprints.reviewer import blueprint
from portal import clock
from portal.db import session, transaction
from portal.errors import ConditionsMissing, DomainError, Invalid, NotFound, Stale
from portal.files import pages
from portal.files.kinds import PDF
from portal.files.store import Store
from portal.i18n import N_, _
from portal.models.attachment import Attachment
from portal.models.drawing_review import DrawingReview, ReviewFinding
from portal.permissions import Permission
from portal.processes import drawing_review as rules
from portal.services import (
    attachments,
    deduction_rules,
    drawing_reviews,
    review_findings,
    review_penalties,
    tasks,
)
from portal.services.deduction_rules import matching

P = Permission
PATH = "/bench/<number>"
NO_SUCH_LINE = N_("No line of the catalogue fits “%(wanted)s”.")
CHANGED = N_(
    "Something changed at the bench since you looked: the score was %(seen)s, now it is %(now)s. Please look again."
)


@dataclass(frozen=True, slots=True)
class Viewer:
    """The paper that is shown: which page of how many, as which picture, with which pins."""

    papers: list[Attachment]
    paper: Attachment | None
    page_no: int
    page_count: int
    width: int
    height: int
    url: str
    pins: list[tuple[int, ReviewFinding]]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Dial:
    """The score as an arc: its end, and the place of the pass mark, in the units of the drawing."""

    end: tuple[float, float]
    mark: tuple[float, float, float, float]
    label: tuple[float, float]


class FindingForm(Form):
    """The row of a finding."""

    count = WholeField(N_("How often"), low=1, high=99, required=True)
    place = TextField(N_("Place", "finding"), limit=100)
    description = TextField(N_("What is wrong"), limit=2000)
    must_fix = BooleanField(N_("Must be fixed"))


# ---------- Looking ----------


@blueprint.get(PATH)
@requires(P.REVIEW_DECIDE)
def bench(number: str) -> ResponseReturnValue:
    """The bench of a review. `paper` and `page` choose what is shown, `at` the finding a pin is for, `aim` begins at the page."""
    return _draw(find(number))


@blueprint.get("/bench-rules")
@requires(P.REVIEW_DECIDE)
def bench_rules() -> ResponseReturnValue:
    """The lines of the catalogue that fit what is typed; those the review has already are marked."""
    wanted, number = request.args.get("q", "")[:50], request.args.get("number", "")[:40]
    used = {finding.code for finding in find(number).findings} if number else set()
    return page("reviewer/bench_rules.html", lines=matching(session(), wanted), number=number, used=used)


@blueprint.get("/papers/<int:attachment_id>/<int:page_no>")
@requires(P.REVIEW_VIEW)
def paper_page(attachment_id: int, page_no: int) -> ResponseReturnValue:
    """A page of a paper of a review as a picture."""
    item, record = attachments.find(session(), g.user, attachment_id)
    if record.KIND != DrawingReview.KIND:
        raise NotFound()
    store = Store.of(current_app.config["PORTAL"])
    try:
        if item.file.mime != PDF.mime:
            return send_content(store, item.file.sha256, item.file.mime, item.name, as_attachment=False)
        drawn = pages.draw(store, item.file.sha256, page_no)
    except FileNotFoundError as error:
        raise NotFound() from error
    answer = make_response(drawn.content)
    answer.headers["Content-Type"] = "image/jpeg"
    answer.headers["Cache-Control"] = "private, max-age=3600"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


# ---------- Writing ----------


@blueprint.post(f"{PATH}/findings")
@requires(P.REVIEW_DECIDE)
def add_finding(number: str) -> ResponseReturnValue:
    """Add a finding by what was typed, or by the line that was pressed; the best fit is taken."""
    wanted = (request.form.get("code") or request.form.get("q") or "").strip()[:50]
    found = matching(session(), wanted) if wanted else []
    if not found:
        return _draw(find(number), problem=str(NO_SUCH_LINE % {"wanted": wanted}), status=422)
    line_id, made = found[0].id, 0

    def act(writing: Session, review: DrawingReview) -> None:
        nonlocal made
        line = deduction_rules.find(writing, line_id)
        made = review_findings.add(writing, review, line, actor=g.user, at=clock.now()).id

    return _act(number, act, lambda: made)


@blueprint.post(f"{PATH}/findings/<int:finding_id>")
@requires(P.REVIEW_DECIDE)
def write_finding(number: str, finding_id: int) -> ResponseReturnValue:
    """Write how often, where and what; the score follows."""
    form = FindingForm()
    if not form.validate():
        return _draw(find(number), selected=finding_id, bad={finding_id: form}, part="bad", status=422)
    details = review_findings.Details(form.count.data, bool(form.must_fix.data), form.place.data, form.description.data)

    def act(writing: Session, review: DrawingReview) -> None:
        finding = review_findings.of(review, finding_id)
        review_findings.write(writing, review, finding, details, actor=g.user, at=clock.now())

    return _act(number, act, lambda: finding_id, part="written")


@blueprint.post(f"{PATH}/findings/<int:finding_id>/remove")
@requires(P.REVIEW_DECIDE)
def remove_finding(number: str, finding_id: int) -> ResponseReturnValue:
    """Take back a finding of this round."""

    def act(writing: Session, review: DrawingReview) -> None:
        finding = review_findings.of(review, finding_id)
        review_findings.remove(writing, review, finding, actor=g.user, at=clock.now())

    return _act(number, act, lambda: 0)


@blueprint.post(f"{PATH}/findings/<int:finding_id>/judge")
@requires(P.REVIEW_DECIDE)
def judge_finding(number: str, finding_id: int) -> ResponseReturnValue:
    """Say of an earlier finding whether it is corrected."""
    is_fixed = request.form.get("fixed") == "yes"

    def act(writing: Session, review: DrawingReview) -> None:
        finding = review_findings.of(review, finding_id)
        review_findings.judge(writing, review, finding, is_fixed=is_fixed, actor=g.user, at=clock.now())

    return _act(number, act, lambda: finding_id)


@blueprint.post(f"{PATH}/mark")
@requires(P.REVIEW_DECIDE)
def mark_finding(number: str) -> ResponseReturnValue:
    """Pin the chosen finding to a place on the page that is shown."""
    said = [
        _whole(request.form.get(name), most)
        for name, most in (("finding", 10**9), ("paper", 10**9), ("page", 300), ("x", 1000), ("y", 1000))
    ]
    if None in said:
        return _draw(find(number), problem=_("Choose a finding, then its place on the page."), status=422)
    finding_id, paper_id, page_no, x, y = (value or 0 for value in said)

    def act(writing: Session, review: DrawingReview) -> None:
        finding = review_findings.of(review, finding_id)
        paper, _record = attachments.find(writing, g.user, paper_id)
        mark = review_findings.Mark(paper, max(page_no, 1), x, y)
        review_findings.put_mark(writing, review, finding, mark, actor=g.user, at=clock.now())

    return _act(number, act, lambda: finding_id)


@blueprint.post(f"{PATH}/decide")
@requires(P.REVIEW_DECIDE)
def decide(number: str) -> ResponseReturnValue:
    """Pass the round, return it to the store, or complete it for the record."""
    acts: dict[str, Callable[..., None]] = {
        rules.Action.PASS: drawing_reviews.pass_,
        rules.Action.RETURN: drawing_reviews.return_,
        rules.Action.COMPLETE: drawing_reviews.complete,
    }
    act = acts.get(request.form.get("action", ""))
    if act is None:
        raise NotFound()
    form = OpinionForm()
    if not form.validate():
        return _draw(find(number), opinion=form, status=422)
    try:
        with transaction() as writing:
            review = find(number)
            if (seen := request.form.get("version", "")) != str(review.version):
                raise Stale(
                    CHANGED % {"seen": request.form.get("seen", "")[:4], "now": review.score}
                    if seen
                    else CHANGED % {"seen": "?", "now": review.score}
                )
            act(writing, review, drawing_reviews.Decide(form.opinion.data), actor=g.user, at=clock.now())
    except Invalid as refusal:
        form.take(refusal)
        return _draw(find(number), opinion=form, status=422)
    except ConditionsMissing as refusal:
        form.form_errors = [_("Missing: %(condition)s", condition=reason) for reason in refusal.reasons]
        return _draw(find(number), opinion=form, status=422)
    except Stale as refusal:
        form.form_errors = [str(refusal)]
        return _draw(find(number), opinion=form, status=409)
    return see_other(f"/records/drawing-reviews/{number}")


class OpinionForm(Form):
    """The reviewer's word."""

    opinion = TextField(rules.PROCESS.field_labels["opinion"], limit=2000, rows=3)
    action = TextField("", limit=20)
    seen = TextField("", limit=10)


# ---------- Parts ----------


def _act(
    number: str, act: Callable[[Session, DrawingReview], None], selected: Callable[[], int], *, part: str | None = None
) -> ResponseReturnValue:
    try:
        with transaction() as writing:
            act(writing, find(number))
    except Invalid as refusal:
        return _draw(find(number), problem=" ".join(map(str, refusal.fields.values())), status=422)
    except DomainError as refusal:
        if isinstance(refusal, NotFound):
            raise
        return _draw(find(number), problem=str(refusal), status=refusal.status)
    if not wants_fragment():
        return see_other(f"/reviewer/bench/{number}?at={selected()}")
    return _draw(find(number), selected=selected(), part=part)


def _draw(
    review: DrawingReview,
    *,
    selected: int | None = None,
    part: str | None = None,
    problem: str = "",
    bad: dict[int, FindingForm] | None = None,
    opinion: OpinionForm | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    chosen = selected if selected is not None else _whole(request.values.get("at"), 10**9) or 0
    numbered = review_findings.numbered(review)
    at_bench = review_findings.may_judge(review, g.user)
    return page(
        "reviewer/bench_parts.html" if wants_fragment() else "reviewer/bench.html",
        status=status,
        part=part or "all",
        review=review,
        viewer=_viewer(review, numbered),
        numbered=numbered,
        lines=matching(session(), ""),
        number=review.number,
        used={finding.code for _number, finding in numbered},
        chosen=chosen,
        at_bench=at_bench,
        lacks={finding.id: found for finding, found in rules.lacking(review)} if at_bench else {},
        takes_aim="aim" in request.args,
        dial=dial(review.score, review.pass_score),
        verdict=_verdict(review),
        buttons={view.action: view for view in process_view.buttons(review, g.user)},
        clocks=process_view.clock_rows(review, tasks.clocks_of(session(), review), shows_waiting=False),
        opinion=opinion or OpinionForm(formdata=None),
        problem=problem,
        bad=bad or {},
    )


def _viewer(review: DrawingReview, numbered: list[tuple[int, ReviewFinding]]) -> Viewer:
    papers = [item for item in attachments.of_record(session(), review)]
    wanted = _whole(request.values.get("paper"), 10**9)
    paper = next((item for item in papers if item.id == wanted), papers[0] if papers else None)
    page_no = _whole(request.values.get("page"), 300) or 1
    if paper is None:
        return Viewer(papers, None, 1, 0, 0, 0, "", [])
    store, file = Store.of(current_app.config["PORTAL"]), paper.file
    count, width, height, problem = 1, file.width or 1000, file.height or 1000, ""
    try:
        count = pages.count(store, file.sha256, file.mime)
        page_no = min(max(page_no, 1), count)
        if file.mime == PDF.mime:
            drawn = pages.draw(store, file.sha256, page_no)
            width, height = drawn.width, drawn.height
    except (DomainError, FileNotFoundError):
        problem = str(pages.NOT_SHOWN)
    pins = [(at, each) for at, each in numbered if each.attachment_id == paper.id and each.page_no == page_no]
    return Viewer(papers, paper, page_no, count, width, height, f"/reviewer/papers/{paper.id}/{page_no}", pins, problem)


def _verdict(review: DrawingReview) -> tuple[str, list[str]]:
    """What the round comes to as it stands, and what would be proposed with it."""
    total, mark = review.score, review.pass_score
    must = sum(1 for each in review.open_findings if each.must_fix)
    if rules.passes(total, pass_score=mark, has_open_must_fix=bool(must)):
        word = _("Passes: %(score)s points, nothing open that must be fixed.", score=total)
    elif total < mark:
        word = _(
            "To be returned: %(score)s points, %(short)s short of the pass mark; %(must)s must be fixed.",
            score=total,
            short=mark - total,
            must=must,
        )
    else:
        word = _("To be returned: %(must)s open that must be fixed (R-02).", must=must)
    return word, review_penalties.foreseen(session(), review)


def dial(score: int, mark: int) -> Dial:
    """The half circle of the score, radius 88 around (110, 110)."""

    def at(points: int, radius: float) -> tuple[float, float]:
        angle = math.pi * (1 - points / rules.FULL_SCORE)
        return round(110 + radius * math.cos(angle), 1), round(110 - radius * math.sin(angle), 1)

    return Dial(at(score, 88), (*at(mark, 74), *at(mark, 100)), at(mark, 110))


def _whole(text: str | None, most: int) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 11 and int(text) <= most else None
