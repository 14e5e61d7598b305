"""A business process as data: states, transitions, guards, fields, clocks. Pure: no Flask, SQLAlchemy or clock.

One `Process` object drives the status bar, the buttons and their reasons, the server's check, the clocks, the tests
and the help page with its flow chart. A rule that stands anywhere else is a defect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from portal.errors import TransitionNotAllowed
from portal.i18n import N_, Text
from portal.permissions import Permission

Facts = Any
"""The record, or anything with the same attributes; guards read it and change nothing."""


@dataclass(frozen=True, slots=True)
class State:
    """Where a record can stand."""

    code: str
    label: Text
    meaning: Text | None = None
    final: bool = False
    main_line: bool = True
    """False: a side exit, not drawn in the status bar unless the record stands there."""


@dataclass(frozen=True, slots=True)
class Guard:
    """A condition of a transition. `label` says what must hold, so it can stand under a grey button."""

    code: str
    label: Text
    holds: Callable[[Facts], bool]
    needs_input: bool = False
    """True: looked at only when the step is carried out, on the record after the entered fields were taken over."""


@dataclass(frozen=True, slots=True)
class WayBack:
    """That a step may be taken back for a while by whoever took it: the record stands again where it stood, and what was
    filled in is empty. Only where nobody outside has acted on the step and no clock was met by it."""

    guards: tuple[Guard, ...] = ()
    """What must still hold of the record: nothing followed from the step."""


@dataclass(frozen=True, slots=True)
class Transition:
    """One step: who may take it from where to where, under which conditions, with what filled in."""

    action: str
    label: Text
    sources: frozenset[str]
    """States it starts from; empty: it creates the record."""
    target: str
    permission: Permission
    required: tuple[str, ...] = ()
    """Fields of the command that must be filled in."""
    optional: tuple[str, ...] = ()
    guards: tuple[Guard, ...] = ()
    notify: tuple[str, ...] = ()
    """Audiences told of the step: `owner`, `managers`, `specialists`, `handlers`."""
    primary: bool = True
    """False: a side step, drawn as a plain button."""
    happened_field: str | None = None
    """The entered moment at which the step took place; clocks are met and start then. None: when it is recorded."""
    automatic: bool = False
    """True: the portal takes it by itself when its time has come; nobody has a button for it."""
    on_behalf: bool = False
    """True: recorded for another party; the form asks who acted, when, and takes a scan."""
    source_note: str = ""
    """Where the rule stands: R- and DL- codes."""
    way_back: WayBack | None = None
    """None: a step that was taken stays taken; what was wrong is put right by another step."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """A clock of a process. Starts on entering one of `starts`, is met on entering one of `met_by`.

    The limit is the setting `setting`, in the setting's own unit. `start_field` names the record's moment the count
    begins at (None: the moment of the step). Source: the deadline register `domain.md` 4.29.
    """

    code: str
    label: Text
    """What must be done, as a task: 'Department signs for the complaint'."""
    starts: frozenset[str]
    met_by: frozenset[str]
    setting: str
    start_field: str | None = None
    cap_field: str | None = None
    cap_setting: str | None = None
    """A second limit from another moment of the record; the earlier one counts."""
    cap_switch: str | None = None
    """A setting that turns the second limit on. None: it always counts."""
    starts_on: frozenset[str] = frozenset()
    """Actions that also (re)start it, where the state alone does not tell."""
    met_on: frozenset[str] = frozenset()
    """Actions that also meet it, where the state alone does not tell."""
    not_met_by: frozenset[str] = frozenset()
    """Actions that enter one of `met_by` without meeting the clock: it is cancelled or starts again."""
    cancelled_by: frozenset[str] = frozenset()
    """States in which the clock stops without being met."""
    responsible: str = "owner"
    """Who answers for a miss: `owner`, `managers`, `department`, `inspectors`, `project_manager`."""
    managers_in: frozenset[str] = frozenset()
    """States in which it is the managers' turn, whoever's it was before: nobody else may take the next step."""
    overdue_also: tuple[str, ...] = ("managers",)
    clock_setting: str | None = None
    """A setting that chooses between wall hours and duty hours (Q01)."""
    due_field: str | None = None
    """The record's moment by which it must be done, where a date is fixed or agreed instead of counted; `setting` is the
    one that such dates follow."""
    due_words: Text | None = None
    """With `due_field`: what date that is, for the help page."""
    due_settings: tuple[str, ...] = ()
    """With `due_field`: the settings that such dates are counted with. Which one, the record says by `due_setting` (None:
    the date was agreed), and what comes of another value by `due_with(value)`."""
    department: str | None = None
    """The department that answers where `responsible` is `department` and it is always the same one."""


@dataclass(frozen=True, slots=True)
class Process:
    """A whole process. `code` is its number in the manual (`P09`), `kind` the plural name of its records in URLs."""

    code: str
    kind: str
    title: Text
    purpose: Text
    states: tuple[State, ...]
    transitions: tuple[Transition, ...]
    deadlines: tuple[Deadline, ...] = ()
    field_labels: Mapping[str, Text] = field(default_factory=dict)
    forms: tuple[str, ...] = ()

    def state(self, code: str) -> State:
        """The state of that code. Raises KeyError."""
        return next(state for state in self.states if state.code == code)

    def creations(self) -> list[Transition]:
        """The steps that make a new record."""
        return [step for step in self.transitions if not step.sources]

    def steps_from(self, state: str) -> list[Transition]:
        """What leads on from a state, in the order of the manual."""
        return [step for step in self.transitions if state in step.sources]

    def transition(self, state: str | None, action: str) -> Transition:
        """The step an action means in this state. Raises TransitionNotAllowed with a sentence."""
        for step in self.transitions:
            if step.action == action and (state in step.sources or (state is None and not step.sources)):
                return step
        where = self.state(state).label if state else N_("not registered")
        raise TransitionNotAllowed(N_("This step is not possible: the record is “%(state)s”.") % {"state": where})

    def deadlines_started(self, step: Transition) -> list[Deadline]:
        """The clocks that a step starts."""
        return [
            clock
            for clock in self.deadlines
            if step.target in clock.starts and (not clock.starts_on or step.action in clock.starts_on)
        ]

    def unmet(self, step: Transition, facts: Facts, *, entered: bool) -> list[Guard]:
        """The guards that do not hold; with `entered` those that look at the filled-in fields too."""
        return [guard for guard in step.guards if (entered or not guard.needs_input) and not guard.holds(facts)]


def check(process: Process) -> list[str]:
    """What is wrong with the definition itself: unknown states, unreachable ones, missing labels. Empty: sound."""
    codes = {state.code for state in process.states}
    problems = [f"{process.code}: state {code} listed twice" for code in codes if _count(process.states, code) > 1]
    reached = {step.target for step in process.creations()}
    for step in process.transitions:
        for code in {*step.sources, step.target} - codes:
            problems.append(f"{process.code}: {step.action} names unknown state {code}")
        reached.add(step.target)
    problems += [f"{process.code}: no step leads to {code}" for code in sorted(codes - reached)]
    for clock in process.deadlines:
        for code in (clock.starts | clock.met_by | clock.cancelled_by) - codes:
            problems.append(f"{process.code}: {clock.code} names unknown state {code}")
    for state in process.states:
        if not state.final and not process.steps_from(state.code):
            problems.append(f"{process.code}: {state.code} is a dead end but not final")
    return problems


def _count(states: Sequence[State], code: str) -> int:
    return sum(1 for state in states if state.code == code)
