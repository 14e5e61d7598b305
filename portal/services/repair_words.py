"""Repairs in words: what the dates of a certificate say, and what a customer reads before signing."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from portal import formatting, i18n, typed
from portal.i18n import _
from portal.models.repair import CostBearer, CostKind, RepairOrder, WarrantyCertificate
from portal.processes.repair import Cause, Ground, StandsFor, Trade
from portal.processes.warranty import Standing, Verdict
from portal.services import tasks


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


def why_complaint(session: Session, order: RepairOrder) -> tuple[Ground | None, str]:
    """What speaks for a complaint by what the portal knows, with the words to begin with; None: a person says it."""
    said = []
    ground = None
    if order.rework_of is not None:
        ground = Ground.REPEATED
        said.append(_("The same trade was repaired a short time ago: %(number)s.", number=order.rework_of.number))
    if order.rework_count:
        ground = Ground.REPEATED
        said.append(_("It had to be repaired again: %(count)s.", count=order.rework_count))
    if order.is_arrival_late:
        ground = ground or Ground.LATE
        due = next((task.due_at for task in tasks.clocks_of(session, order) if task.code == "DL-22"), None)
        said.append(_("Nobody was on site by %(due)s (DL-22).", due=formatting.stamp(due)))
    if order.defects:
        said.append(_("The customer was not content: %(defects)s", defects=order.defects))
    if order.follow_up_satisfied is False and order.follow_up_note:
        said.append(_("In the call after the repair: %(words)s", words=order.follow_up_note))
    return ground, "\n".join(said)


def patterns() -> dict[str, str]:
    """The words that the customer signs, with names in braces where the facts stand: of the quote; of the finished work
    all, when it was done, a line of cost."""
    head = (
        "{number} · {address}",
        f"{_('What is to be repaired')}: {{trade}} · {{symptom}}",
        f"{_('Cause of the defect')}: {{cause}}",
        f"{_('Repair plan')}: {{plan}}",
    )
    return {
        "quote": "\n".join((
            *head,
            _(
                "Quote: material %(material)s + labour %(labour)s = %(quote)s yuan",
                material="{quote_material}", labour="{quote_labour}", quote="{quote}",
            ),
            _("I agree that it is repaired at this price."),
        )),
        "all": "\n".join((*head, f"{_('Work done')}: {{work_done}}")),
        "done": f"{_('Done at')}: {{done_at}}",
        "cost": "{kind} {what}: {amount} · {bearer}",
    }  # fmt: skip


def facts(order: RepairOrder) -> dict[str, Any]:
    """What stands in the patterns, as it reads; it stands on `processes.repair.SHOWN` and `QUOTE_SHOWN`."""
    material, labour = order.quote_material, order.quote_labour
    return {
        "number": order.number,
        "address": order.address,
        "trade": Trade.show(order.trade),
        "symptom": order.symptom,
        "cause": Cause.show(order.cause),
        "plan": order.plan or formatting.DASH,
        "quote_material": formatting.money(material) if material is not None else "",
        "quote_labour": formatting.money(labour) if labour is not None else "",
        "quote": formatting.money((material or 0) + (labour or 0)),
        "work_done": order.work_done or formatting.DASH,
        "done_at": formatting.stamp(order.done_at) if order.done_at else "",
        "costs": [
            {
                "kind": CostKind.show(line.kind),
                "what": " ".join(filter(None, (line.what, line.measure))),
                "amount": formatting.money(line.amount),
                "bearer": CostBearer.show(line.bearer),
            }
            for line in order.costs
        ],
    }


def shown(order: RepairOrder, stands_for: str = StandsFor.WORK) -> str:
    """What the customer reads and signs, word for word. Without network `static/js/visit.js` fills in the same patterns."""
    pattern, said = patterns(), facts(order)
    if stands_for == StandsFor.QUOTE:
        return pattern["quote"].format_map(said)
    lines = [pattern["all"], *([pattern["done"]] if said["done_at"] else [])]
    return "\n".join(
        [line.format_map(said) for line in lines] + [pattern["cost"].format_map(line) for line in said["costs"]]
    )


def says(order: RepairOrder, words: str, stands_for: str = StandsFor.WORK) -> bool:
    """Whether these are the words of the record in one of the languages; how lines are broken makes no other words."""

    def plain(text: str) -> str:
        return " ".join(typed.narrow(typed.clean(text)).split())

    for locale in i18n.LOCALES:
        with i18n.use_locale(locale):
            if plain(shown(order, stands_for)) == plain(words):
                return True
    return False
