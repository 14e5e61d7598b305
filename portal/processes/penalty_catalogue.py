"""The catalogue of penalties as the company's papers give it: offence, who, sanction, by occurrence. Source: domain.md 7.9.

What the manager changes is kept as editions beside it (`portal/services/penalty_rules.py`); this is what holds until then.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from portal.i18n import N_, Text
from portal.terms import Term


class Kind(Term):
    """What a penalty is (3.20)."""

    WARNING = "WARNING", "Warning"
    ORDINARY_FAULT = "ORDINARY_FAULT", "Ordinary fault"
    SERIOUS_FAULT = "SERIOUS_FAULT", "Serious fault"
    FINE = "FINE", "Fine"
    COMMISSION_DEDUCTION = "COMMISSION_DEDUCTION", "Deduction from commission"
    PUBLIC_CRITICISM = "PUBLIC_CRITICISM", "Public criticism"
    ORDER_SUSPENSION = "ORDER_SUSPENSION", "No orders for a time"
    FOREMAN_REPLACED = "FOREMAN_REPLACED", "Foreman replaced"
    WAGE_RECOVERY = "WAGE_RECOVERY", "Recovered from wages"
    PERFORMANCE_POINTS = "PERFORMANCE_POINTS", "Performance points"
    DISMISSAL_PROPOSED = "DISMISSAL_PROPOSED", "Dismissal proposed"
    COMPENSATION_SHARE = "COMPENSATION_SHARE", "Share of compensation"
    BY_DECISION = "BY_DECISION", "As the manager decides"


class Subject(Term):
    """Whom a line of the catalogue is for."""

    DESIGNER = "DESIGNER", "Designer"
    BRANCH_MANAGER = "BRANCH_MANAGER", "Design branch manager"
    FOREMAN = "FOREMAN", "Foreman"
    PROJECT_MANAGER = "PROJECT_MANAGER", "Project manager"
    LIABLE = "LIABLE", "Whoever is liable"
    CREW = "CREW", "Carpentry and crews"
    SITE_STAFF = "SITE_STAFF", "Site staff"
    INSPECTOR = "INSPECTOR", "Quality inspector"
    SUPERVISOR = "SUPERVISOR", "Supervisor"
    TEAM_LEADER = "TEAM_LEADER", "Team leader"
    SERVICE = "SERVICE", "Service staff"
    EVERYBODY = "EVERYBODY", "Everybody"


@dataclass(frozen=True, slots=True)
class Sanction:
    """One consequence. `amount` in yuan, `percent` of a base in yuan, `months` of a suspension; None: decided by the manager."""

    kind: Kind
    amount: Decimal | None = None
    percent: Decimal | None = None
    months: int | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A line of the catalogue. `times`: what follows the first time, the second …; the last holds from then on."""

    code: str
    subject: Subject
    offence: Text
    times: tuple[tuple[Sanction, ...], ...]
    source: str
    """The papers it comes from, or the one who changed it."""
    otherwise: tuple[Sanction, ...] = ()
    """What may be decided instead, in grave cases or by choice."""
    note: Text | None = None
    edition: int = 0
    """0: as in the papers; else the number of the manager's edition."""
    is_active: bool = True

    @property
    def is_reward(self) -> bool:
        """Whether it is a reason to reward."""
        return not self.times

    @property
    def kind(self) -> Kind:
        """What it leads to first of all."""
        return self.times[0][0].kind if self.times else Kind.BY_DECISION

    @property
    def amount(self) -> Decimal | None:
        """Yuan, of the first time; None: the manager decides."""
        return self.times[0][0].amount if self.times else None

    def sanctions(self, occurrence: int) -> tuple[Sanction, ...]:
        """What follows at this occurrence, counted from one."""
        return self.times[min(max(occurrence, 1), len(self.times)) - 1] if self.times else ()

    def sanction(self, kind: Kind, occurrence: int) -> Sanction:
        """The consequence of that kind at this occurrence; one without an amount where the line names none."""
        named = (*self.sanctions(occurrence), *self.otherwise, *(one for time in self.times for one in time))
        return next((one for one in named if one.kind == kind), Sanction(kind))


K = Kind
_DECIDED = Sanction(K.BY_DECISION)
_DISMISSAL = Sanction(K.DISMISSAL_PROPOSED)
GRAVE = N_("In grave cases dismissal")


def _fine(yuan: int | None = None) -> Sanction:
    return Sanction(K.FINE, None if yuan is None else Decimal(yuan).quantize(Decimal("0.01")))


def _line(
    code: str,
    subject: Subject,
    offence: Text,
    *sanctions: Sanction,
    source: str,
    otherwise: tuple[Sanction, ...] = (),
    note: Text | None = None,
) -> Rule:
    return Rule(code, subject, offence, (sanctions,) if sanctions else (), source, otherwise, note)


def _rising(code: str, subject: Subject, offence: Text, *times: Sanction, source: str) -> Rule:
    return Rule(code, subject, offence, tuple((one,) for one in times), source)


S = Subject
RULES: dict[str, Rule] = {
    rule.code: rule
    for rule in (
        _line("K-01", S.DESIGNER, N_("Score of the drawing review below the pass mark"), Sanction(K.WARNING), source="003"),
        _line(
            "K-02", S.DESIGNER, N_("Not all findings corrected at the re-review"),
            Sanction(K.COMMISSION_DEDUCTION, percent=Decimal("0.5")), source="003",
        ),
        _line(
            "K-03", S.DESIGNER, N_("Findings not corrected and the contract signed"),
            Sanction(K.COMMISSION_DEDUCTION, percent=Decimal("1.0")), Sanction(K.PUBLIC_CRITICISM), source="003",
        ),
        _line(
            "K-04", S.BRANCH_MANAGER, N_("A contract signed in the branch with findings not corrected"),
            Sanction(K.ORDINARY_FAULT), source="003",
        ),
        _line(
            "K-05", S.FOREMAN, N_("Third pre-acceptance failed: foreman"),
            Sanction(K.FOREMAN_REPLACED), _fine(500), Sanction(K.ORDER_SUSPENSION, months=3), source="003",
        ),
        _line("K-06", S.PROJECT_MANAGER, N_("Third pre-acceptance failed: project manager"), Sanction(K.SERIOUS_FAULT), source="003"),
        _line("K-07", S.LIABLE, N_("Share of a compensation"), Sanction(K.WAGE_RECOVERY), source="003"),
        _line("K-08", S.LIABLE, N_("Problem from a call or a complaint"), _DECIDED, source="003, 004"),
        _line("K-10", S.CREW, N_("Spitting"), _fine(50), source="000"),
        _line("K-11", S.CREW, N_("Cigarette ends"), _fine(50), source="000"),
        _line("K-12", S.CREW, N_("Materials, tools or rubbish untidy"), _fine(30), source="000"),
        _line("K-13", S.CREW, N_("Clothes in the customer's cupboard"), _fine(50), source="000"),
        _line("K-14", S.CREW, N_("Shoes in the customer's cupboard"), _fine(200), source="000"),
        _line("K-15", S.CREW, N_("Footprints on materials or soiling of them"), _fine(50), source="000"),
        _line("K-16", S.CREW, N_("Exposed nails, burrs, wrong sizes, scratches or writing on units"), _fine(30), source="000"),
        _line(
            "K-17", S.CREW, N_("Departing from the drawing without the designer's signature"),
            _fine(200), Sanction(K.COMPENSATION_SHARE), source="000", note=N_("The loss is borne"),
        ),
        _line("K-18", S.CREW, N_("Changing the working method"), _fine(200), source="000"),
        _line("K-19", S.CREW, N_("Absent, late, windows open or power on at closing time"), _fine(100), source="000"),
        _line("K-20", S.CREW, N_("Not rectifying within the limit"), _fine(200), source="000"),
        _line("K-21", S.SITE_STAFF, N_("Accepting gifts or meals from the customer"), _fine(200), source="000"),
        _line("K-22", S.SITE_STAFF, N_("Asking the customer for anything"), _fine(200), source="000"),
        _line("K-23", S.CREW, N_("Not reporting defects of finished work, cutting corners, waste"), _DECIDED, source="000"),
        _line(
            "K-24", S.FOREMAN,
            N_("Idle site without notice; water, power or windows left open; no cleaning; conduct or posters not in order; damage"),
            _DECIDED, source="000", otherwise=(_fine(), Sanction(K.ORDINARY_FAULT), Sanction(K.COMPENSATION_SHARE)),
            note=N_("Fine or error entry; damage is paid; serious rudeness: work is stopped and the loss borne"),
        ),
        _line(
            "K-30", S.INSPECTOR, N_("Favouritism, harm to the company"),
            Sanction(K.WARNING), source="004", otherwise=(_DISMISSAL,), note=GRAVE,
        ),
        _line("K-31", S.INSPECTOR, N_("Drinking on duty"), _fine(500), source="004", otherwise=(_DISMISSAL,), note=GRAVE),
        _line(
            "K-32", S.INSPECTOR, N_("Negligence leading to a complaint"),
            Sanction(K.PUBLIC_CRITICISM), _fine(50), source="004", otherwise=(_DISMISSAL,), note=GRAVE,
        ),
        _rising("K-33", S.INSPECTOR, N_("Missing an acceptance without reason"), _fine(50), _fine(100), _DISMISSAL, source="004"),
        _rising("K-34", S.INSPECTOR, N_("Not reporting back at day's end"), _fine(20), _fine(50), _DISMISSAL, source="004"),
        _line(
            "K-35", S.INSPECTOR, N_("No inspection round as planned without notice"),
            Sanction(K.WARNING), _fine(50), source="004",
        ),
        _line("K-36", S.INSPECTOR, N_("Fewer than six contacts or five visits per customer"), _DECIDED, source="004"),
        _line("K-40", S.SUPERVISOR, N_("Disobeying orders"), _DECIDED, source="004", note=N_("Removal from the post")),
        _line(
            "K-41", S.SUPERVISOR, N_("Complaint through poor supervision"),
            Sanction(K.WARNING), source="004", otherwise=(_fine(50), _DISMISSAL),
            note=N_("Serious warning or a fine, in grave cases dismissal"),
        ),
        _line("K-42", S.SUPERVISOR, N_("False acceptance or signature, deceit"), _DISMISSAL, source="004"),
        _line("K-43", S.SUPERVISOR, N_("Taking bribes or benefits, harming the company"), _DISMISSAL, source="004"),
        _line("K-44", S.SUPERVISOR, N_("No badge on site"), _fine(100), source="004"),
        _rising("K-45", S.SUPERVISOR, N_("No acceptance tools used"), _fine(100), _DISMISSAL, source="004"),
        _line(
            "K-50", S.TEAM_LEADER, N_("Taking money from the customer for extra work"),
            _DECIDED, source="004", otherwise=(_fine(), _DISMISSAL),
        ),
        _line("K-60", S.SERVICE, N_("Bad hand-over causing loss"), _DECIDED, source="004", note=N_("By the company's rules")),
        _line(
            "K-61", S.SERVICE, N_("Breach of conduct, low satisfaction"), _DECIDED, source="002, 003",
            otherwise=(Sanction(K.WARNING), Sanction(K.PUBLIC_CRITICISM), Sanction(K.PERFORMANCE_POINTS), _DISMISSAL),
        ),
        _line(
            "K-62", S.SERVICE, N_("Disclosing data"), _DECIDED, source="000",
            otherwise=(_DISMISSAL,), note=N_("By the company's rules or the law"),
        ),
        _line(
            "K-70", S.EVERYBODY, N_("Model house, quality, referrals; praise of customers; high satisfaction"),
            source="003, 004", note=N_("Praise, bonus, promotion"),
        ),
    )
}  # fmt: skip
"""All lines of 7.9, by code."""
