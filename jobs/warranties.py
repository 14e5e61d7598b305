"""The morning's look at warranties: terms that end soon are told, certificates that are over expire; F-19 of each. Source: 4.13."""

from __future__ import annotations

from flask import current_app
from sqlalchemy.orm import Session

from portal import clock, formatting, i18n
from portal.files.store import Store
from portal.i18n import N_
from portal.models.notice import NoticeLevel
from portal.models.org import User
from portal.models.repair import WarrantyCertificate
from portal.paths import record_path
from portal.processes.repair import Trade
from portal.processes.warranty import VALID
from portal.services import documents, notices, warranties
from portal.services.delivery import close_slot

ENDS = N_("The warranty for “%(trade)s” ends on %(day)s: %(customer)s")


def look(session: Session, *, schedule: str, slot: str, scope: str = "") -> None:
    """Tell the specialist of each term that ends within the days of the setting, once; expire what is over."""
    at = clock.now()
    told = 0
    for term in warranties.ending(session, at):
        certificate = term.certificate
        for person in notices.distinct(notices.audience(session, "owner", certificate)):
            told += notices.notify(
                session,
                user=person,
                key=f"warranty-ends:{term.id}:{term.ends_on.isoformat()}",
                level=NoticeLevel.INFO,
                title=ENDS,
                params={
                    "trade": Trade(term.trade).label,
                    "day": formatting.full_date(term.ends_on),
                    "customer": certificate.customer.name,
                    "number": certificate.number,
                },
                link=record_path(certificate.KIND, certificate.number),
                record=certificate,
                at=at,
            )
    expired = warranties.over(session, at)
    for certificate in expired:
        warranties.expire(session, certificate, at=at)
    close_slot(session, schedule, slot, scope, at=at, result=f"{told} / {len(expired)}")


def print_certificate(session: Session, *, certificate_id: int, user_id: int) -> None:
    """Ask for F-19 in the name of whoever issued it; what is there already is not made anew."""
    certificate = session.get(WarrantyCertificate, certificate_id)
    if certificate is None or certificate.state not in VALID:
        return
    documents.request(
        session,
        documents.get_form("F-19"),
        certificate,
        actor=session.get_one(User, user_id),
        locale=i18n.DEFAULT,
        at=clock.now(),
        store=Store.of(current_app.config["PORTAL"]),
    )


HANDLERS = {"warranties": look, "print_certificate": print_certificate}
