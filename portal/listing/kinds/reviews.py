"""The lists of drawing reviews and of what was found in them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import String, and_, literal_column, select
from sqlalchemy.orm import Session, aliased

from portal import visibility
from portal.i18n import N_
from portal.listing import cells
from portal.listing.declaration import Choice, Column, Filter, Listing, Span
from portal.listing.kinds import search
from portal.models.customer import Customer, Property
from portal.models.drawing_review import DeductionRule, DrawingReview, ReviewFinding, ReviewRound
from portal.models.org import Branch, Party, PartyKind, User
from portal.permissions import Permission, Role
from portal.processes import drawing_review as rules
from portal.visibility import turn_of

P = Permission
HOME = (Property.estate, Property.building, Property.unit, Property.room)
DESIGNER, REVIEWER = aliased(Party), aliased(User)
CLOCK = cells.clock(DrawingReview.KIND, DrawingReview, N_("Due"))
CLOCKS = {"overdue": N_("Late"), "today": N_("Due today"), "soon": N_("Due within 24 hours")}
LAST_SCORE = (
    select(ReviewRound.score)
    .where(ReviewRound.review_id == DrawingReview.id, ReviewRound.round_no == DrawingReview.round_no)
    .correlate(DrawingReview)
    .scalar_subquery()
)
DECIDED_AT = (
    select(ReviewRound.reviewed_at)
    .where(ReviewRound.review_id == DrawingReview.id, ReviewRound.round_no == DrawingReview.round_no)
    .correlate(DrawingReview)
    .scalar_subquery()
)


def designers(session: Session, user: User) -> list[tuple[Any, str]]:
    """Designers the person knows, for filters."""
    query = visibility.visible_to(user, Party).where(Party.kind == PartyKind.DESIGNER)
    found = query.with_only_columns(Party.id, Party.name).order_by(Party.name).limit(300)
    return [(key, name) for key, name in session.execute(found)]


def lines(session: Session, _user: User) -> list[tuple[Any, str]]:
    """The catalogue of deductions, for filters."""
    found = session.execute(
        select(DeductionRule.id, DeductionRule.code, DeductionRule.title).order_by(DeductionRule.code)
    )
    return [(key, f"{code} {title}") for key, code, title in found]


def reviewers(session: Session, user: User) -> list[tuple[Any, str]]:
    """Reviewers the person knows, for filters."""
    query = visibility.visible_to(user, User).where(User.role == Role.REVIEWER, User.disabled_at.is_(None))
    found = query.with_only_columns(User.id, User.name).order_by(User.name)
    return [(key, name) for key, name in session.execute(found)]


DRAWING_REVIEWS = Listing(
    kind=DrawingReview.KIND,
    title=N_("Drawing reviews"),
    one=N_("Drawing review"),
    icon="ruler-2",
    model=DrawingReview,
    permission=P.REVIEW_VIEW,
    number=DrawingReview.number,
    order="-id",
    urgent_order="due",
    joins=(
        (Customer, Customer.id == DrawingReview.customer_id),
        (Property, Property.id == DrawingReview.home_id),
        (DESIGNER, DESIGNER.id == DrawingReview.designer_id),
        (REVIEWER, REVIEWER.id == DrawingReview.owner_id),
        (Branch, Branch.id == DrawingReview.branch_id),
        CLOCK.join,
    ),
    card=("home", "designer", "round"),
    spans=(Span(N_("Submitted to decided", "span"), DrawingReview.submitted_at, DECIDED_AT, runs=True),),
    columns=(
        Column("customer", N_("Customer"), (Customer.name, Customer.grade), cells.title, "cell-title"),
        Column("number", N_("Number"), (DrawingReview.number,), cells.text, "ref hide-small", sort=DrawingReview.number),
        Column("home", N_("Home"), HOME, cells.home, "fill"),
        Column("designer", N_("Designer"), (DESIGNER.name,), cells.text, "cell-foot"),
        Column("branch", N_("Store"), (Branch.name,), cells.text),
        Column("round", N_("Round", "review"), (DrawingReview.round_no,), cells.text, "num", adds_up=False),
        Column("score", N_("Score"), (LAST_SCORE,), cells.text, "num"),
        Column("state", N_("State"), (DrawingReview.state,), cells.state_of(rules.PROCESS)),
        Column("reviewer", N_("Reviewer", "record"), (REVIEWER.name,), cells.text),
        Column("amount", N_("Amount (yuan)"), (DrawingReview.contract_amount,), cells.money, "num hide-small"),
        Column("submitted", N_("Submitted at", "drawing review"), (DrawingReview.submitted_at,), cells.moment, "num hide-small"),
        CLOCK.column,
    ),
    search=search.of_customer(DrawingReview),
    filters=(
        Filter("open", N_("Open", "record"), lambda now: DrawingReview.state.in_(sorted(rules.OPEN))),
        Filter("to-review", N_("To be reviewed", "filter"), lambda now: DrawingReview.state == rules.State.SUBMITTED),
        Filter("mine", N_("Mine"), lambda now: turn_of(now.viewer, DrawingReview.owner_id), "owner"),
        Filter("unowned", N_("Nobody's"), lambda now: DrawingReview.owner_id.is_(None), "owner"),
        *cells.clock_filters(DrawingReview.KIND, DrawingReview, CLOCKS),
        Filter("first-pass", N_("Passed at once"), lambda now: DrawingReview.first_result == rules.Result.PASS, "first"),
        Filter(
            "first-return", N_("Returned at first"),
            lambda now: DrawingReview.first_result == rules.Result.RETURN, "first",
        ),
        Filter(
            "bypassed", N_("Signed without a pass", "filter"),
            lambda now: DrawingReview.state == rules.State.SIGNED_WITHOUT_PASS,
        ),
    ),
    choices=(
        Choice("state", N_("State"), DrawingReview.state, rules.State),
        Choice("designer", N_("Designer"), DrawingReview.designer_id, options=designers),
        Choice("reviewer", N_("Reviewer", "record"), DrawingReview.owner_id, options=reviewers),
        Choice("branch", N_("Store"), DrawingReview.branch_id, options=cells.stores),
        cells.of_customer(DrawingReview.customer_id),
    ),
    create=P.REVIEW_SUBMIT,
    create_label=N_("Submit drawings"),
    create_path="/records/drawing-reviews/new",
    empty=N_("Drawings and quotation come here before the customer signs."),
)  # fmt: skip


def finding_title(code: str, title: str) -> cells.Title:
    """A finding in a list."""
    return cells.Title(f"{code} {title}")


FINDINGS = Listing(
    kind="review-findings",
    title=N_("Findings of reviews"),
    one=N_("Finding of a review"),
    icon="search",
    model=ReviewFinding,
    permission=P.REVIEW_VIEW,
    number=DrawingReview.number,
    link=(literal_column(f"'{DrawingReview.KIND}'", String), DrawingReview.number),
    order="-id",
    joins=(
        (DrawingReview, DrawingReview.id == ReviewFinding.review_id),
        (Customer, Customer.id == DrawingReview.customer_id),
        (DESIGNER, DESIGNER.id == DrawingReview.designer_id),
    ),
    columns=(
        Column("finding", N_("Finding"), (ReviewFinding.code, ReviewFinding.title), finding_title, "cell-title"),
        Column("number", N_("Number"), (DrawingReview.number,), cells.text, "ref hide-small"),
        Column("customer", N_("Customer"), (Customer.name,), cells.text),
        Column("designer", N_("Designer"), (DESIGNER.name,), cells.text, "cell-foot"),
        Column("place", N_("Place", "finding"), (ReviewFinding.place,), cells.text),
        Column("description", N_("What is wrong"), (ReviewFinding.description,), cells.text, "fill"),
        Column("count", N_("How often"), (ReviewFinding.count,), cells.text, "num"),
        Column("points", N_("Points each"), (ReviewFinding.points_each,), cells.text, "num cell-due", adds_up=False),
        Column("round", N_("Round", "review"), (ReviewFinding.round_no,), cells.text, "num hide-small", adds_up=False),
        Column("fixed", N_("Corrected at"), (ReviewFinding.fixed_at,), cells.moment, "num hide-small"),
    ),
    search=lambda word: search.Places(
        ReviewFinding,
        (word.begins(ReviewFinding.code, "upper"),),
        through=((ReviewFinding.review_id, search.of_customer(DrawingReview)(word)),),
    ),
    filters=(
        Filter("open", N_("Not corrected"), lambda now: ReviewFinding.fixed_in_round.is_(None)),
        Filter("must-fix", N_("Must be fixed"), lambda now: ReviewFinding.must_fix.is_(True)),
        Filter(
            "again", N_("Not corrected in the next round"),
            lambda now: and_(ReviewFinding.judged_in_round > ReviewFinding.round_no, ReviewFinding.fixed_in_round.is_(None)),
        ),
    ),
    choices=(Choice("rule", N_("Line of the catalogue", "deduction"), ReviewFinding.rule_id, options=lines),),
    empty=N_("What reviewers find stands here, to see what is found most."),
)  # fmt: skip

LISTINGS = (DRAWING_REVIEWS, FINDINGS)
