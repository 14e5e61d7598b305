"""Repairs in words: what the dates of a certificate say, and what a customer reads before signing."""

from __future__ import annotations

from portal import formatting
from portal.i18n import _
from portal.models.repair import CostBearer, CostKind, RepairOrder, WarrantyCertificate
from portal.processes.repair import Cause, Trade
from portal.processes.warranty import Standing, Verdict


def verdict(found: Verdict, certificate: WarrantyCertificate | None) -> str:
    """The verdict of the dates in one sentence, with the dates."""
    if certificate is None:
        return _("No warranty certificate was found.")
    if found.starts_on is None or found.ends_on is None:
        return _("%(certificate)s has no term for this trade.", certificate=certificate.number)
    said = {
        "certificate": certificate.number,
        "start": formatting.full_date(found.starts_on),
        "end": formatting.full_date(found.ends_on),
        "standing": Standing.show(found.standing),
    }
    return _("%(standing)s: %(start)s to %(end)s by %(certificate)s", **said)


def shown(order: RepairOrder) -> str:
    """What the customer reads and signs, word for word; what it stands on is `processes.repair.SHOWN`."""
    lines = [
        f"{order.number} · {order.address}",
        f"{_('What is to be repaired')}: {Trade.show(order.trade)} · {order.symptom}",
        f"{_('Cause of the defect')}: {Cause.show(order.cause)}",
        f"{_('Repair plan')}: {order.plan or formatting.DASH}",
        f"{_('Work done')}: {order.work_done or formatting.DASH}",
    ]
    if order.done_at is not None:
        lines.append(f"{_('Done at')}: {formatting.stamp(order.done_at)}")
    lines += [
        f"{CostKind.show(line.kind)} {line.what}: {formatting.money(line.amount)} · {CostBearer.show(line.bearer)}"
        for line in order.costs
    ]
    return "\n".join(lines)
