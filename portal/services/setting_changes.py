"""What the manager does with the settings: reads them with their origin, and changes them group by group.

Typed text becomes a value here, with a sentence at the field when it cannot. Every change is an event old → new;
secrets are written, never shown, and never told. Source: `domain.md` 7.10.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal import settings, typed
from portal.calendar import Interval, hours_text, parse_minute
from portal.calendar.hours import clock_text
from portal.errors import Invalid, Stale
from portal.i18n import N_, Text, _
from portal.models.calendar import CalendarWeek
from portal.models.event import EventKind
from portal.models.org import Department, User
from portal.models.setting import SettingValue
from portal.permissions import Role
from portal.processes.complaint import Category
from portal.services import calendars, canned, events
from portal.settings import SECRETS, SETTINGS, Setting

PROVENANCE = {
    "seed": N_("Manual", "provenance"),
    "ext": N_("Public sources", "provenance"),
    "assumed": N_("Assumption", "provenance"),
}
"""Where a default comes from (`domain.md` 0.1)."""

LONGEST = 200
MOST_LINES, LONGEST_LINE = 40, 100
DOTS = "••••••"
KEEP = object()
"""The answer of a secret that was left empty: it stays as it is."""

Texts = Sequence[str]


@dataclass(frozen=True, slots=True)
class Row:
    """One setting as the page shows it. `texts` are what its controls hold; a secret shows nothing."""

    setting: Setting
    texts: tuple[str, ...]
    version: int
    is_changed: bool
    is_set: bool
    changed_at: datetime | None
    changed_by: str | None

    @property
    def is_secret(self) -> bool:
        """Write-only."""
        return self.setting.key in SECRETS


@dataclass(frozen=True, slots=True)
class Group:
    """Settings that are saved together. `slug` names the group in URLs."""

    slug: str
    label: Text
    rows: tuple[Row, ...]


class Conflict(Stale):
    """Somebody else changed some of these settings meanwhile; `differences` are (label, typed, saved) in words."""

    def __init__(self, differences: Sequence[tuple[Text, str, str]]) -> None:
        super().__init__(N_("Somebody changed these settings after you opened the page. Nothing was saved yet."))
        self.differences = tuple(differences)


class Refused(ValueError):
    """A text that is no value of the setting; the sentence stands at the field."""

    def __init__(self, sentence: Text) -> None:
        super().__init__(str(sentence))
        self.sentence = sentence


def slug_of(label: Text) -> str:
    """The group's name in URLs."""
    return re.sub(r"[^a-z]+", "-", label.message.lower()).strip("-")


def groups(session: Session) -> list[Group]:
    """All settings in the order of their declaration, by group, with who changed them last."""
    saved = {row.key: row for row in session.scalars(select(SettingValue))}
    wanted = {row.updated_by_id for row in saved.values() if row.updated_by_id}
    names: dict[int, str] = {}
    if wanted:
        names = {id_: name for id_, name in session.execute(select(User.id, User.name).where(User.id.in_(wanted)))}
    found: dict[str, tuple[Text, list[Row]]] = {}
    for setting in SETTINGS.values():
        row = saved.get(setting.key)
        value = row.value if row else setting.default
        found.setdefault(slug_of(setting.group), (setting.group, []))[1].append(
            Row(
                setting,
                texts_of(setting, value),
                row.version if row else 0,
                value != setting.default,
                bool(value),
                row.updated_at if row else None,
                names.get(row.updated_by_id or 0) if row else None,
            )
        )
    return [Group(slug, label, tuple(rows)) for slug, (label, rows) in found.items()]


def change(
    session: Session,
    slug: str,
    typed_texts: Mapping[str, Texts],
    versions: Mapping[str, int],
    *,
    actor: User,
    at: datetime,
) -> list[str]:
    """Save a group: what was typed by key, and the versions that the page showed. Returns the keys that changed.

    Raises Invalid by key, Conflict when somebody else changed what is changed here.
    """
    keys = _keys(slug, versions)
    saved = {
        row.key: row
        for row in session.scalars(select(SettingValue).where(SettingValue.key.in_(keys)).with_for_update())
    }
    now, changes = _changes(session, keys, saved, typed_texts, versions)
    for key, value in changes.items():
        _store(session, saved.get(key), key, value, actor.id, at)
        pair = [DOTS, DOTS] if key in SECRETS else [now[key], value]
        events.record(session, EventKind.SETTING, action="setting", actor=actor, at=at, changes={key: pair})
    try:
        session.flush()
    except IntegrityError as error:  # two first changes of one setting at the same moment
        raise Stale() from error
    settings.forget(session)
    if "working_day_ends" in changes:
        week = session.get(CalendarWeek, 1)
        if week is not None:  # the version is what deadlines quote, and they count differently from now on
            week.version, week.changed_at = week.version + 1, at
        calendars.forget(session)
    return list(changes)


def considered(
    session: Session, slug: str, typed_texts: Mapping[str, Texts], versions: Mapping[str, int]
) -> dict[str, Any]:
    """What `change` would save, by key; nothing is written. Raises what `change` raises."""
    keys = _keys(slug, versions)
    saved = {row.key: row for row in session.scalars(select(SettingValue).where(SettingValue.key.in_(keys)))}
    return _changes(session, keys, saved, typed_texts, versions)[1]


def _keys(slug: str, versions: Mapping[str, int]) -> list[str]:
    return [setting.key for setting in SETTINGS.values() if slug_of(setting.group) == slug and setting.key in versions]


def _changes(
    session: Session,
    keys: Sequence[str],
    saved: Mapping[str, SettingValue],
    typed_texts: Mapping[str, Texts],
    versions: Mapping[str, int],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The values of the keys as they are, and those that would be others."""
    now = {key: saved[key].value if key in saved else SETTINGS[key].default for key in keys}
    wanted = _parsed(keys, typed_texts)
    changes = {key: value for key, value in wanted.items() if value is not KEEP and value != now[key]}
    late = [key for key in changes if versions[key] != (saved[key].version if key in saved else 0)]
    if late:
        raise Conflict([(SETTINGS[key].label, told(key, changes[key]), told(key, now[key])) for key in late])
    _check_together(session, {**now, **changes})
    return now, changes


def told(key: str, value: Any) -> str:
    """A value in words, for comparisons and the log; secrets as dots."""
    setting = SETTINGS[key]
    if key in SECRETS:
        return DOTS if value else "–"
    match setting.kind:
        case "bool":
            return _("Yes") if value else _("No")
        case "choice":
            return str(dict(setting.choices).get(value, value))
        case "roles":
            return "、".join(str(Role(role).label) for role in value) or "–"
        case "map":
            said = (f"{Category.show(name)} {_departments(chosen)}" for name, chosen in value.items())
            return "; ".join(said) or "–"
        case "split":
            return " / ".join(map(str, value))
        case "lines":
            return "；".join(value) or "–"
    return str(value) or "–"


def _departments(chosen: str) -> str:
    return " + ".join(Department.show(name) for name in chosen.split("+"))


def texts_of(setting: Setting, value: Any) -> tuple[str, ...]:
    """What the controls of a setting hold; a map gives `CATEGORY=DEPARTMENT` and `CATEGORY=DEPARTMENT+DEPARTMENT`."""
    if setting.key in SECRETS:
        return ()
    match setting.kind:
        case "bool":
            return ("yes",) if value else ()
        case "roles":
            return tuple(value)
        case "split":
            return tuple(map(str, value))
        case "map":
            return tuple(f"{name}={chosen}" for name, chosen in value.items())
        case "lines":
            return ("\n".join(value),)
    return (str(value),)


# ---- text to value ----------------------------------------------------------------------------------------------


def _parsed(keys: Sequence[str], given: Mapping[str, Texts]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    problems: dict[str, Text | str] = {}
    for key in keys:
        try:
            values[key] = parse(SETTINGS[key], given.get(key, ()))
        except Refused as refusal:
            problems[key] = refusal.sentence
    if problems:
        raise Invalid(problems)
    return values


def parse(setting: Setting, texts: Texts) -> Any:
    """The value that was typed, as it is stored. Left empty it is the default. Raises Refused with a sentence."""
    cleaned = [typed.clean(text) for text in texts]
    most = MOST_LINES * (LONGEST_LINE + 1) if setting.kind == "lines" else LONGEST
    if any(not typed.is_readable(text) or len(text) > most for text in cleaned):
        raise Refused(N_("At most %(number)s characters, without control characters") % {"number": most})
    if setting.kind in _MANY:
        return _MANY[setting.kind](setting, [text for text in cleaned if text])
    text = cleaned[0] if cleaned else ""
    if setting.key in SECRETS:
        return text or KEEP
    if not text and setting.kind != "choice":
        return setting.default
    return _ONE[setting.kind](setting, text)


def _whole(setting: Setting, text: str) -> int:
    plain = typed.narrow(text).replace(",", "")
    if not re.fullmatch(r"-?\d{1,9}", plain, re.ASCII):
        raise Refused(N_("Please enter a whole number."))
    return int(_in_range(setting, Decimal(plain)))


def _decimal(setting: Setting, text: str) -> str:
    plain = typed.narrow(text).replace(",", "").removesuffix("%").strip()
    if not re.fullmatch(r"-?\d{1,9}(\.\d{1,4})?", plain, re.ASCII):
        raise Refused(N_("Please enter a number, for example 0.5."))
    try:
        number = _in_range(setting, Decimal(plain))
    except InvalidOperation as error:
        raise Refused(N_("Please enter a number, for example 0.5.")) from error
    same = Decimal(str(setting.default)) == number
    return str(setting.default) if same else f"{number:f}"


def _in_range(setting: Setting, number: Decimal) -> Decimal:
    low, high = setting.low, setting.high
    if (low is not None and number < low) or (high is not None and number > high):
        if high is None:
            raise Refused(N_("At least %(low)s") % {"low": low})
        raise Refused(N_("Between %(low)s and %(high)s") % {"low": low, "high": f"{high:,}"})
    return number


def _text(setting: Setting, text: str) -> str:
    check = _CHECKS.get(setting.key)
    if "\n" in text:
        raise Refused(N_("One line, please."))
    if check is not None and not check(text):
        raise Refused(_HINTS[setting.key])
    return text


def _choice(setting: Setting, text: str) -> str:
    if text not in dict(setting.choices):
        raise Refused(N_("Please choose one of the list."))
    return text


def _hours(setting: Setting, text: str) -> str:
    """One moment, one interval, or several, as the default has it."""
    shape = setting.default
    try:
        if "-" not in shape:
            return clock_text(parse_minute(text))
        if "," not in shape:
            return str(Interval.parse(text))
        parts = [part for part in re.split(r"[,;、\s]+(?=\d)", typed.narrow(text)) if part]
        intervals = sorted(map(Interval.parse, parts))  # shifts may overlap while one hands over to the next
    except ValueError as error:
        raise Refused(N_("Please enter it like %(example)s.") % {"example": shape}) from error
    if not intervals:
        raise Refused(N_("Please enter it like %(example)s.") % {"example": shape})
    return hours_text(intervals)


def _bool(_setting: Setting, texts: list[str]) -> bool:
    return bool(texts)


def _split(setting: Setting, texts: list[str]) -> list[int]:
    if not texts:
        return list(setting.default)
    plain = [typed.narrow(text).removesuffix("%").strip() for text in texts]
    if len(plain) != len(setting.default) or not all(re.fullmatch(r"\d{1,3}", text, re.ASCII) for text in plain):
        raise Refused(N_("Please enter whole percentages."))
    shares = [int(text) for text in plain]
    if sum(shares) != 100:
        raise Refused(N_("The shares must add up to 100; now they are %(sum)s.") % {"sum": sum(shares)})
    return shares


def _roles(_setting: Setting, texts: list[str]) -> list[str]:
    if not set(texts) <= {role.value for role in Role}:
        raise Refused(N_("Please choose one of the list."))
    return [role.value for role in Role if role.value in texts]


def _map(_setting: Setting, texts: list[str]) -> dict[str, str]:
    """`QUALITY=ENGINEERING` or `MONEY=FINANCE+DESIGN`; a category without a department follows the manual."""
    categories, departments = {item.value for item in Category}, {item.value for item in Department}
    found: dict[str, str] = {}
    for text in texts:
        name, _sign, chosen = text.partition("=")
        names = list(dict.fromkeys(part for part in chosen.split("+") if part))
        if name not in categories or not set(names) <= departments or len(names) > 2:
            raise Refused(N_("Please choose one of the list."))
        if names:
            found[name] = "+".join(names)
    return {item.value: found[item.value] for item in Category if item.value in found}


def _lines(setting: Setting, texts: list[str]) -> list[str]:
    """A text for each line that says something; nothing at all is the default, one dash an empty list."""
    lines = [line.strip() for text in texts for line in text.splitlines() if line.strip()]
    if not lines:
        return list(setting.default)
    if any(len(line) > LONGEST_LINE for line in lines) or len(lines) > MOST_LINES:
        limits = {"lines": MOST_LINES, "signs": LONGEST_LINE}
        raise Refused(N_("At most %(lines)s lines of %(signs)s characters.") % limits)
    return [] if lines in (["-"], ["–"]) else lines


_ONE: dict[str, Callable[[Setting, str], Any]] = {
    "int": _whole,
    "decimal": _decimal,
    "text": _text,
    "choice": _choice,
    "hours": _hours,
}
_MANY: dict[str, Callable[[Setting, list[str]], Any]] = {
    "bool": _bool,
    "split": _split,
    "roles": _roles,
    "map": _map,
    "lines": _lines,
}


def _is_url(text: str) -> bool:
    parts = urlsplit(text)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"[\s\"'<>]", text)


_CHECKS: dict[str, Callable[[str], bool]] = {
    "portal_url": _is_url,
    "map_url": lambda text: _is_url(text) and "{address}" in text,
    "mail_from": lambda text: re.fullmatch(r"[^\s@<>\"',;]+@[A-Za-z0-9.-]+", text) is not None,
    "smtp_host": lambda text: re.fullmatch(r"[A-Za-z0-9._:\[\]-]+", text) is not None,
}
_TOUCH_TEXTS = [key for key in SETTINGS if key.startswith("touch_text_")]
_CHECKS |= dict.fromkeys(_TOUCH_TEXTS, lambda text: canned.problem(text) is None)
_HINTS = {
    "portal_url": N_("An address that begins with http:// or https://"),
    "map_url": N_("An address that begins with http:// or https:// and holds {address}"),
    "mail_from": N_("An e-mail address, for example service@example.com"),
    "smtp_host": N_("The name or address of a server, without spaces"),
}
_HINTS |= dict.fromkeys(_TOUCH_TEXTS, N_("Only the words in braces that are named below"))


def _check_together(session: Session, values: Mapping[str, Any]) -> None:
    def value(key: str) -> Decimal:
        return Decimal(str(values[key] if key in values else settings.get(session, key)))

    if "grade_b_amount" in values and value("grade_b_amount") > value("grade_a_amount"):
        raise Invalid({"grade_b_amount": N_("Grade B must not begin above grade A.")})
    if "complaint_plan_cap_hours" in values and value("complaint_plan_cap_hours") < value("complaint_plan_hours"):
        raise Invalid({"complaint_plan_cap_hours": N_("This limit must not be shorter than DL-12 itself.")})


def _store(session: Session, row: SettingValue | None, key: str, value: Any, by: int, at: datetime) -> None:
    if row is None:
        session.add(SettingValue(key=key, value=value, updated_at=at, updated_by_id=by))
    else:
        row.value, row.updated_at, row.updated_by_id = value, at, by
