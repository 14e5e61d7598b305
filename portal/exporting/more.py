"""What lists have no room for, and what stands in their files all the same: declared as the columns of a list are."""

from __future__ import annotations

from portal.i18n import N_
from portal.listing import cells
from portal.listing.declaration import Column
from portal.models.complaint import Complaint, Escalation
from portal.models.consultation import Consultation
from portal.models.contract import Contract
from portal.models.customer import Customer, Intention, Property
from portal.models.project import Project

PHONE, REMARKS = N_("Phone"), N_("Remarks", "export")

MORE: dict[str, tuple[Column, ...]] = {
    Complaint.KIND: (
        Column("phone", PHONE, (Complaint.phone,), cells.phone),
        Column("content", N_("Content", "export"), (Complaint.content,), cells.text),
        Column("demand", N_("Demand", "export"), (Complaint.demand,), cells.text),
        Column("cause", N_("Root cause", "export"), (Complaint.root_cause,), cells.text),
    ),
    Escalation.KIND: (
        Column("phone", PHONE, (Complaint.phone,), cells.phone),
        Column("content", N_("Content", "export"), (Complaint.content,), cells.text),
    ),
    Consultation.KIND: (
        Column("whole", N_("Question in full", "export"), (Consultation.question,), cells.text),
        Column("answer", N_("Answer", "export"), (Consultation.answer,), cells.text),
        Column("address", N_("Address of the home", "export"), (Consultation.property_address,), cells.text),
        Column("budget", N_("Budget", "export"), (Consultation.budget,), cells.money),
    ),
    Customer.KIND: (
        Column("phone2", N_("Other phone", "export"), (Customer.phone2,), cells.phone),
        Column("intention", N_("Intention"), (Customer.intention,), Intention.show),
        Column("style", N_("Style", "export"), (Customer.style,), cells.text),
        Column("budget", N_("Budget", "export"), (Customer.budget,), cells.money),
        Column("remarks", REMARKS, (Customer.remarks,), cells.text),
    ),
    Property.KIND: (Column("phone", PHONE, (Customer.phone,), cells.phone),),
    Project.KIND: (
        Column("phone", PHONE, (Customer.phone,), cells.phone),
        Column("planned_start", N_("Planned start", "export"), (Project.planned_start_on,), cells.day),
        Column("planned_finish", N_("Planned finish", "export"), (Project.planned_finish_on,), cells.day),
        Column("finish", N_("Finished", "export"), (Project.actual_finish_on,), cells.day),
        Column("remarks", REMARKS, (Project.remarks,), cells.text),
    ),
    Contract.KIND: (
        Column("phone", PHONE, (Customer.phone,), cells.phone),
        Column("remarks", REMARKS, (Contract.remarks,), cells.text),
    ),
}
