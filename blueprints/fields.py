"""The fields of forms: what people type, read strictly. Nothing is rounded, guessed or cut.

What cannot be read comes back as it was typed, with one sentence that says what to do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from wtforms import Field, SelectField, SelectMultipleField, StringField
from wtforms.fields.choices import Choice
from wtforms.validators import StopValidation
from wtforms.widgets import DateInput, DateTimeLocalInput, ListWidget, RadioInput, TextArea, TextInput

from portal import clock, typed
from portal.formatting import phone_mask
from portal.i18n import N_, Text, _
from portal.imports import values
from portal.terms import Term

LARGEST_AMOUNT = Decimal("9999999999.99")
FIRST_YEAR, LAST_YEAR = 2000, 2100

Words = str | Text

# Validators ----------------------------------------------------------------------------------------------------------


class Required:
    """The field must be filled in; the sentence names it."""

    field_flags = {"required": True}

    def __init__(self, message: Words | None = None) -> None:
        self.message = message

    def __call__(self, form: Any, field: Field) -> None:
        if field.data is None or field.data in ("", []) or field.data is False:
            if field.errors:
                raise StopValidation()
            ask = _("Please choose %(field)s") if isinstance(field, SelectField) else _("Please fill in %(field)s")
            raise StopValidation(str(self.message) if self.message else ask % {"field": str(field.label.text)})


class NoMoreThan:
    """At most `limit` signs, counted as people count; the sentence says both numbers."""

    def __init__(self, limit: int) -> None:
        self.limit = limit

    def __call__(self, form: Any, field: Field) -> None:
        text = field.data or ""
        # A short column counts code points, so an emoji of seven must count as seven there.
        length = len(text) if self.limit <= 500 else max(typed.count(text), len(text) // 4)
        if length > self.limit:
            raise StopValidation(
                _("At most %(limit)s characters; these are %(length)s", limit=self.limit, length=length)
            )


def _rules(required: bool, others: Sequence[Any]) -> list[Any]:
    return [Required(), *others] if required else [_Blank(), *others]


class _Blank:
    """Nothing typed is fine: the rules behind are not asked, the errors of reading stay."""

    field_flags = {"optional": True}

    def __call__(self, form: Any, field: Field) -> None:
        if field.data is None:
            raise StopValidation()


# Text ----------------------------------------------------------------------------------------------------------------


class TextField(StringField):
    """Text up to `limit` signs; `rows` makes it a box of several lines. Blank is None."""

    def __init__(
        self,
        label: Words,
        *,
        limit: int,
        required: bool = False,
        rows: int = 0,
        validators: Sequence[Any] = (),
        **kw: Any,
    ) -> None:
        if rows:
            kw = {"widget": TextArea(), "render_kw": {"rows": rows, **kw.pop("render_kw", {})}, **kw}
        super().__init__(label, _rules(required, [NoMoreThan(limit), *validators]), **kw)
        self.limit, self.has_lines = limit, bool(rows)

    def pre_validate(self, form: Any) -> None:
        """Refuse what is no text before any rule looks at it."""
        text = self.data or ""
        if not typed.is_readable(text) or typed.has_too_many_marks(text):
            raise StopValidation(_("Contains characters that cannot be recognised"))
        if not self.has_lines and "\n" in text:
            raise StopValidation(_("Write this in one line"))


class NameField(TextField):
    """A person's name: 50 signs, no pictures; dots between the parts of a name become one kind."""

    def __init__(self, label: Words = N_("Name"), *, limit: int = 50, required: bool = True, **kw: Any) -> None:
        super().__init__(label, limit=limit, required=required, **kw)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Unify the dots."""
        super().process_formdata([typed.one_dot(text) for text in valuelist])

    def pre_validate(self, form: Any) -> None:
        """As text, and a name holds no emoji."""
        super().pre_validate(form)
        if any(map(typed.is_emoji, self.data or "")):
            raise StopValidation(_("A name cannot contain emoji"))


class PlaceField(TextField):
    """A building, unit or room without the words around its number, as `read` reads it from a ledger: `16 栋` is 16."""

    data: str | None

    def __init__(self, label: Words, *, read: values.Reader, **kw: Any) -> None:
        super().__init__(label, limit=20, **kw)
        self.read = read

    def process_formdata(self, valuelist: list[str]) -> None:
        """What cannot be read so stays as typed, for the rules of a text."""
        super().process_formdata(valuelist)
        found = self.read(self.data) if self.data else None
        if isinstance(found, values.Found):
            self.data = str(found.value)


class EmailField(TextField):
    """An e-mail address in ASCII."""

    def __init__(self, label: Words = N_("E-mail"), *, required: bool = False, **kw: Any) -> None:
        super().__init__(label, limit=200, required=required, **kw)

    def pre_validate(self, form: Any) -> None:
        """One @, a dot behind it, nothing that could end a header line."""
        super().pre_validate(form)
        pattern = (
            r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
        )
        if self.data and not re.fullmatch(pattern, self.data):
            raise StopValidation(_("This is not an e-mail address"))


# Numbers -------------------------------------------------------------------------------------------------------------


class Parsed(StringField):
    """A field whose text stands for a value. What cannot be read comes back as typed, with the sentence."""

    data: Any
    widget = TextInput()

    def parse(self, text: str) -> Any:
        """The value; raises ValueError with the sentence."""
        raise ValueError(text)

    def show(self, value: Any) -> str:
        """The value as it stands in the control."""
        return str(value)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the text; blank is None."""
        self.data = None
        text = typed.clean(valuelist[0]) if valuelist else ""
        if text:
            if len(text) > 100 or not typed.is_readable(text):
                raise ValueError(_("Contains characters that cannot be recognised"))
            self.data = self.parse(text)

    def pre_validate(self, form: Any) -> None:
        """What could not be read is said once, not followed by "please fill in"."""
        if self.process_errors:
            raise StopValidation()

    def _value(self) -> str:
        if self.data is not None:
            return self.show(self.data)
        return str(self.raw_data[0]) if self.raw_data else ""


class PhoneField(Parsed):
    """A phone number, kept as 11 digits; with `allow_landline` also `0571-88123456转3`.

    `masked` shows `138****1234` instead; the mask sent back means that the number stays as it is.
    """

    def __init__(
        self,
        label: Words = N_("Phone"),
        *,
        required: bool = True,
        allow_landline: bool = False,
        masked: bool = False,
        **kw: Any,
    ) -> None:
        kw.setdefault("render_kw", {"inputmode": "tel", "autocomplete": "off"})
        super().__init__(label, _rules(required, kw.pop("validators", ())), **kw)
        self.allow_landline, self.masked = allow_landline, masked

    def parse(self, text: str) -> str:
        """Raises ValueError for anything but one whole number."""
        if self.object_data and text == phone_mask(self.object_data):
            return str(self.object_data)
        narrow = typed.narrow(text)
        extension = re.search(r"(?:转|轉|ext\.?|x|#)\s*([0-9]{1,5})$", narrow, re.IGNORECASE)
        read = values.phone(narrow[: extension.start()] if extension else narrow)
        if not isinstance(read, values.Found) or read.second:
            raise ValueError(self._wrong())
        number = str(read.value)
        is_mobile = re.fullmatch(r"1[3-9][0-9]{9}", number) is not None
        if is_mobile and not extension:
            return number
        if is_mobile or not self.allow_landline:
            raise ValueError(self._wrong())
        return f"{number}转{extension[1]}" if extension else number

    def show(self, value: Any) -> str:
        """The number, or its mask; a number that was typed just now comes back as it was typed."""
        is_typed = bool(self.raw_data) and value != self.object_data
        return phone_mask(value) if self.masked and not is_typed else str(value)

    def _wrong(self) -> str:
        if self.allow_landline:
            return _("A mobile number has 11 digits, a landline its area code: 0571-88123456")
        return _("A mobile number has 11 digits, please check")


class MoneyField(Parsed):
    """Yuan with at most two decimals, as Decimal. `minimum` and `maximum` are amounts that are still taken."""

    def __init__(
        self,
        label: Words,
        *,
        required: bool = False,
        minimum: Decimal = Decimal("0.01"),
        maximum: Decimal = LARGEST_AMOUNT,
        **kw: Any,
    ) -> None:
        kw.setdefault("render_kw", {"inputmode": "decimal", "autocomplete": "off"})
        super().__init__(label, _rules(required, kw.pop("validators", ())), **kw)
        self.minimum, self.maximum = minimum, maximum

    def parse(self, text: str) -> Decimal:
        """`1,234.56`, `￥1234`, `1234元`, full-width digits. Raises ValueError; nothing is rounded or guessed."""
        narrow = re.sub(r"^(?:[¥￥]|rmb|cny)\s*|\s*(?:元|圆|圓)$", "", typed.narrow(text), flags=re.IGNORECASE)
        if not re.fullmatch(r"[-−]?(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.[0-9]{1,2})?", narrow):
            raise ValueError(_("Enter a number with at most two decimals"))
        amount = (
            Decimal(narrow.replace(",", "").replace("−", "-")).quantize(Decimal("0.01")) if len(narrow) <= 25 else None
        )
        if amount is None or amount > self.maximum:
            raise ValueError(_("The amount cannot be more than %(most)s", most=f"{self.maximum:,.2f}"))
        if amount < self.minimum:
            if self.minimum == Decimal("0.01"):
                raise ValueError(_("The amount must be more than 0"))
            raise ValueError(_("The amount cannot be less than %(least)s", least=f"{self.minimum:,.2f}"))
        return amount + Decimal("0.00")  # minus nothing is nothing

    def show(self, value: Any) -> str:
        """Two decimals, no separators, so that it can be edited."""
        return f"{value:.2f}"


class WholeField(Parsed):
    """A whole number from `low` to `high`."""

    def __init__(self, label: Words, *, low: int, high: int, required: bool = False, **kw: Any) -> None:
        kw.setdefault("render_kw", {"inputmode": "numeric", "autocomplete": "off"})
        super().__init__(label, _rules(required, kw.pop("validators", ())), **kw)
        self.low, self.high = low, high

    def parse(self, text: str) -> int:
        """Raises ValueError outside the limits."""
        narrow = typed.narrow(text)
        number = int(narrow) if re.fullmatch(r"[-−]?[0-9]{1,12}", narrow.replace("−", "-")) else None
        if number is None or not self.low <= number <= self.high:
            raise ValueError(_("Enter a whole number from %(low)s to %(high)s", low=self.low, high=self.high))
        return number


# Times ---------------------------------------------------------------------------------------------------------------


class LocalDateField(Parsed):
    """A calendar day of the company, 2000 to 2100."""

    widget = DateInput()

    def __init__(self, label: Words, *, required: bool = False, **kw: Any) -> None:
        super().__init__(label, _rules(required, kw.pop("validators", ())), **kw)

    def parse(self, text: str) -> date:
        """`2026-02-03` as browsers send it, `2026/2/3`, `2026年2月3日`, `20260203`. Raises ValueError."""
        return _day(typed.narrow(text))

    def show(self, value: Any) -> str:
        """As the date control wants it."""
        return f"{value:%Y-%m-%d}"


class LocalDateTimeField(Parsed):
    """A moment on the company's clocks, as an aware moment in UTC."""

    widget = DateTimeLocalInput()

    def __init__(self, label: Words, *, required: bool = False, **kw: Any) -> None:
        super().__init__(label, _rules(required, kw.pop("validators", ())), **kw)

    def parse(self, text: str) -> datetime:
        """`2026-05-11T10:00`, also with a space. A zone, 24:00 and a 61st second are refused. Raises ValueError."""
        match = re.fullmatch(r"(\S+?)[T ]([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.0+)?)?", typed.narrow(text))
        if match is None:
            raise ValueError(_("Enter date and time like 2026-05-11 10:00"))
        day = _day(match[1])
        hour, minute, second = int(match[2]), int(match[3]), int(match[4] or 0)
        if hour > 23 or minute > 59 or second > 59:
            raise ValueError(_("This time does not exist"))
        return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=clock.ZONE).astimezone(UTC)

    def show(self, value: Any) -> str:
        """As the control wants it, on the company's clocks."""
        return f"{clock.local(value):%Y-%m-%dT%H:%M}"


def _day(text: str) -> date:
    match = re.fullmatch(r"([0-9]{4})([-/.年]?)([0-9]{1,2})([-/.月]?)([0-9]{1,2})日?", text)
    if match is None or (not (match[2] and match[4]) and not re.fullmatch(r"[0-9]{8}", text)):
        raise ValueError(_("Enter a date like 2026-05-11"))
    year, month, day = int(match[1]), int(match[3]), int(match[5])
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(_("The date is out of range: %(first)s to %(last)s", first=FIRST_YEAR, last=LAST_YEAR))
    try:
        return date(year, month, day)
    except ValueError:
        raise ValueError(_("This date does not exist")) from None


# Choices -------------------------------------------------------------------------------------------------------------


class ChoiceField(SelectField):
    """One of `choices`, pairs of value and label; `blank` is the label of "nothing chosen" and makes data None.

    `coerce=int` for ids. A value that is not among the choices is refused: it may be gone, or of another branch.
    """

    def __init__(
        self,
        label: Words,
        *,
        choices: Sequence[tuple[Any, Any]] | None = None,
        coerce: Callable[[str], Any] = str,
        blank: Words | None = None,
        required: bool = False,
        radio: bool = False,
        **kw: Any,
    ) -> None:
        self.blank, self._read = blank, coerce
        rules = _rules(required, kw.pop("validators", ()))
        if radio:
            kw |= {"widget": ListWidget(prefix_label=False), "option_widget": RadioInput()}
        super().__init__(label, rules, coerce=self._coerce, **kw)
        self.choices = list(choices or ())
        if radio:
            self.type = "RadioField"  # what templates ask for
            self.label.field_id = False

    def _coerce(self, value: Any) -> Any:
        return None if value in (None, "", "None") else self._read(value)

    def iter_choices(self) -> Any:
        """The choices with the blank one before them."""
        if self.blank is not None and self.type != "RadioField":
            yield Choice("", str(self.blank), self.data is None, {})
        for value, label in self.choices or ():
            yield Choice(value, str(label), self.data == value, {})

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the choice."""
        self.data = None
        if valuelist:
            try:
                self.data = self._coerce(valuelist[0])
            except (ValueError, KeyError):
                raise ValueError(_("This choice is no longer available, please choose again")) from None

    def pre_validate(self, form: Any) -> None:
        """Only what was offered."""
        if self.process_errors:
            raise StopValidation()
        if self.data is not None and all(value != self.data for value, _label in self.choices or ()):
            raise StopValidation(_("This choice is no longer available, please choose again"))


class TermField(ChoiceField):
    """One member of a closed list; data is the member. `leave_out` are members that are not offered."""

    def __init__(self, label: Words, terms: type[Term], *, leave_out: Sequence[Term] = (), **kw: Any) -> None:
        choices = [(member, member.label) for member in terms if member not in leave_out]
        super().__init__(label, choices=choices, coerce=terms, **kw)


class ChecksField(SelectMultipleField):
    """Lines to tick, pairs of id and words; data are the ids that are ticked. What is no line any more is left out."""

    is_ticked = True
    """Drawn as boxes to tick, in forms and their kinds alike."""

    def __init__(self, label: Words, **kw: Any) -> None:
        super().__init__(label, [], coerce=int, choices=[], **kw)

    def process_formdata(self, valuelist: list[str]) -> None:
        """The ids; which of them are lines, the service knows."""
        self.data = [int(text) for text in dict.fromkeys(valuelist[:200]) if re.fullmatch(r"[0-9]{1,10}", text)]

    def pre_validate(self, form: Any) -> None:
        """A line that is gone asks for nothing."""
