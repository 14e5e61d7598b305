"""Forms of signing in and of the own account."""

from __future__ import annotations

from wtforms import PasswordField

from blueprints.forms import ChoiceField, Form, HiddenField, NameField, NoMoreThan, Required, TextField
from portal.i18n import LOCALES, N_
from portal.passwords import LONGEST

THEME_CHOICES = [
    ("light", N_("Light", "theme")),
    ("dark", N_("Dark", "theme")),
    ("auto", N_("As the device", "theme")),
]


class SignInForm(Form):
    """Name and password."""

    username = TextField(
        N_("Account"),
        limit=50,
        required=True,
        render_kw={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"},
    )
    password = PasswordField(
        N_("Password"), [Required(), NoMoreThan(LONGEST)], render_kw={"autocomplete": "current-password"}
    )
    next = HiddenField()


class CodeForm(Form):
    """A code of the phone, or a recovery code."""

    code = TextField(
        N_("Code", "second factor"),
        limit=20,
        required=True,
        render_kw={
            "autocomplete": "one-time-code",
            "inputmode": "text",
            "autocapitalize": "none",
            "spellcheck": "false",
        },
    )
    next = HiddenField()


class OwnForm(Form):
    """What people may change about themselves."""

    name = NameField(N_("Name"), render_kw={"autocomplete": "name"})
    locale = ChoiceField(N_("Language"), choices=list(LOCALES.items()), required=True)
    theme = ChoiceField(N_("Appearance"), choices=THEME_CHOICES, required=True, radio=True)


class PasswordForm(Form):
    """The own password."""

    present = PasswordField(
        N_("Present password"), [Required(), NoMoreThan(LONGEST)], render_kw={"autocomplete": "current-password"}
    )
    new = PasswordField(
        N_("New password"), [Required(), NoMoreThan(LONGEST)], render_kw={"autocomplete": "new-password"}
    )
    again = PasswordField(
        N_("New password again"), [Required(), NoMoreThan(LONGEST)], render_kw={"autocomplete": "new-password"}
    )
