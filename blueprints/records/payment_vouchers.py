"""Payment vouchers (F-08), for the manager: they are written by a leader's consent, or when the company bears a repair (P15), and paid by finance."""

from __future__ import annotations

from flask.typing import ResponseReturnValue
from sqlalchemy.orm import joinedload

from blueprints.http import find_or_404, requires
from blueprints.records import approval_tables, blueprint, editing, showing
from portal import formatting
from portal.i18n import N_, _
from portal.models.compensation import PaymentVoucher
from portal.models.org import Party
from portal.permissions import Permission
from portal.services.fields import Field, link, money

FIELDS: dict[str, Field] = {
    "payee": Field(N_("Payee")),
    "purpose": Field(N_("Purpose")),
    "amount": money(N_("Amount")),
    "leader_id": link(N_("Company leader"), Party),
    "leader_decided_at": Field(N_("Decided at", "approval")),
    "clerk_id": link(N_("Finance clerk"), Party),
    "finance_no": Field(N_("Finance's voucher number")),
    "paid_at": Field(N_("Paid at", "escalation")),
    "voided_at": Field(N_("Void since")),
    "void_reason": Field(N_("Why it is void")),
}
GROUPS = ((N_("Payment voucher"), tuple(FIELDS)),)
NAMED = (
    joinedload(PaymentVoucher.escalation),
    joinedload(PaymentVoucher.cost_case),
    joinedload(PaymentVoucher.customer),
    joinedload(PaymentVoucher.leader),
    joinedload(PaymentVoucher.clerk),
)


@blueprint.get("/payment-vouchers/<number>")
@requires(Permission.VOUCHER_VIEW)
def payment_voucher(number: str) -> ResponseReturnValue:
    """The voucher: payee, purpose, amount in figures and capitals, consent, payment."""
    record = find_or_404(PaymentVoucher, number, NAMED)
    capitals = _("In capitals: %(capitals)s", capitals=formatting.yuan_capital(record.amount))
    return showing.show(
        record,
        f"{record.payee} · {formatting.money(record.amount)}",
        approval_tables.naming(FIELDS, "leader_id", record),
        GROUPS,
        meta=[(record.case.number, editing.path(record.case)), (capitals, "")],
        notes=[("alert-triangle", _("This voucher is void."))] if record.voided_at else [],
    )
