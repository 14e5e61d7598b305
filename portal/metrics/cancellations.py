"""Figures of cancelled contracts and of compensation paid. Source: `domain.md` 6.2, M-50 to M-53, M-29."""

from __future__ import annotations

from portal.i18n import N_
from portal.metrics import clocks
from portal.metrics.business import signed
from portal.metrics.questions import Count, Period, Question, Rows, Share, Sum
from portal.metrics.registry import Unit, metric
from portal.models.cancellation import Cancellation, CancellationShare
from portal.models.compensation import CompensationShare, PaymentVoucher
from portal.models.complaint import Escalation
from portal.permissions import Permission

P = Permission


def _voided(period: Period) -> Rows:
    return Rows(Cancellation, (period.holds_day(Cancellation.voided_on),))


@metric("M-29.paid", N_("Compensation paid", "metric"), Unit.YUAN, P.VOUCHER_VIEW, "less")
def compensation(period: Period) -> Question:
    """Sum of the vouchers of compensation that were paid in the period."""
    paid = (period.holds(PaymentVoucher.paid_at), PaymentVoucher.escalation_id.is_not(None))
    return Sum(Rows(PaymentVoucher, paid), PaymentVoucher.amount)


@metric("M-29.borne", N_("Compensation by who bears it", "metric"), Unit.YUAN, P.ESCALATION_VIEW, "less")
def borne(period: Period) -> Question:
    """M-29: what each bearer is liable for of the compensations paid in the period (F-07): company, person, crew."""
    shares = Rows(
        CompensationShare, (period.holds(Escalation.paid_at),), Escalation, CompensationShare.escalation_id
    )  # fmt: skip
    return Sum(shares, CompensationShare.amount)


@metric("M-50", N_("Cancellations", "metric"), Unit.COUNT, P.CANCELLATION_VIEW, "less")
def cancellations(period: Period) -> Question:
    """Cancellations by which a contract was voided in the period."""
    return Count(_voided(period))


@metric("M-50.amount", N_("Contract amount cancelled", "metric"), Unit.YUAN, P.CANCELLATION_VIEW, "less")
def amount(period: Period) -> Question:
    """Sum of the output value taken off by them."""
    return Sum(_voided(period), Cancellation.output_value_reduction)


@metric("M-51", N_("Cancellation rate", "metric"), Unit.PERCENT, P.CANCELLATION_VIEW, "less")
def rate(period: Period) -> Question:
    """Voided ÷ contracts signed in the period."""
    return Share(_voided(period), signed(period))


@metric("M-52", N_("Liability of cancellations", "metric"), Unit.COUNT, P.CANCELLATION_VIEW)
def liability(period: Period) -> Question:
    """Who was liable for them; a mixed liability counts for each."""
    shares = Rows(
        CancellationShare, (period.holds_day(Cancellation.voided_on),), Cancellation, CancellationShare.cancellation_id
    )
    return Count(shares)


@metric("M-53", N_("Cancellations in time", "metric"), Unit.PERCENT, P.CANCELLATION_VIEW, "more")
def in_time(period: Period) -> Question:
    """DL-26 met ÷ cancellations whose limit lay in the period."""
    return clocks.kept_of_due(period, "DL-26", Cancellation)
