"""People with a login, for the manager: new, change, close and open, one-time password, second factor."""

from __future__ import annotations

from flask import flash, g, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from blueprints.forms import (
    BooleanField,
    ChoiceField,
    EmailField,
    Form,
    HiddenField,
    NameField,
    PhoneField,
    TextField,
)
from blueprints.http import find_or_404, page, requires, see_other
from blueprints.records import blueprint
from portal import clock, passwords
from portal.db import session, transaction
from portal.errors import DomainError, Invalid, Stale
from portal.i18n import N_, _
from portal.models.org import Branch, User
from portal.permissions import Permission, Role
from portal.services import accounts, second_factor, sessions
from portal.services.sessions import End


class UserForm(Form):
    """What the manager says about a person."""

    name = NameField(N_("Name"))
    role = ChoiceField(
        N_("Role"), choices=[(role.value, role.label) for role in Role], blank=N_("Please choose"), required=True
    )
    branch_id = ChoiceField(N_("Branch or store"), coerce=int, blank=N_("Every branch"))
    group_name = TextField(N_("Group"), limit=50)
    is_lead = BooleanField(N_("Leads the group"))
    is_on_duty = BooleanField(N_("On duty: gets what nobody owns yet"))
    phone = PhoneField(N_("Mobile or landline"), required=False, allow_landline=True)
    extension = TextField(N_("Extension"), limit=10)
    email = EmailField(N_("E-mail"))
    version = HiddenField()

    def offer_branches(self, present: int | None) -> None:
        """The open branches, and the present one even when it was closed."""
        rows = session().execute(select(Branch.id, Branch.name, Branch.is_active).order_by(Branch.name))
        self.branch_id.choices = [(row.id, row.name) for row in rows if row.is_active or row.id == present]

    def to_details(self) -> accounts.Details:
        """What the service takes."""
        return accounts.Details(
            name=self.name.data or "",
            role=Role(self.role.data or ""),
            branch_id=self.branch_id.data,
            group_name=self.group_name.data,
            is_lead=self.is_lead.data,
            is_on_duty=self.is_on_duty.data,
            email=self.email.data,
            phone=self.phone.data,
            extension=self.extension.data,
        )


class NewUserForm(UserForm):
    """As for changing, and the name for signing in."""

    username = TextField(
        N_("Account"), limit=50, required=True, render_kw={"autocomplete": "off", "autocapitalize": "none"}
    )


def _person(number: str) -> User:
    return find_or_404(User, number)


def _locked(writing: Session, number: str) -> User:
    return accounts.get(writing, _person(number).id)


@blueprint.route("/users/new", methods=["GET", "POST"])
@requires(Permission.USER_EDIT)
def new_user() -> ResponseReturnValue:
    """Give somebody a login; the one-time password is shown once."""
    form = NewUserForm()
    form.offer_branches(None)
    if form.validate_on_submit():
        password, at = passwords.one_time(), clock.now()
        try:
            with transaction() as writing:
                user = accounts.add_user(
                    writing,
                    username=form.username.data or "",
                    details=form.to_details(),
                    password=password,
                    actor=g.user,
                    at=at,
                )
        except Invalid as refusal:
            form.take(refusal)
        else:
            return page("records/users/password.html", person=user, password=password, is_new=True)
    return page("records/users/form.html", form=form, person=None, status=form.status)


@blueprint.route("/users/<number>", methods=["GET", "POST"])
@requires(Permission.USER_EDIT)
def edit_user(number: str) -> ResponseReturnValue:
    """Change what is said about a person; a new role counts from the next click of that person."""
    person = _person(number)
    form = UserForm(obj=person)
    if request.method == "POST":
        form.version.data = request.form.get("version")  # what the person saw, never what is there now
    form.offer_branches(person.branch_id)
    status = 200
    if form.validate_on_submit():
        try:
            version = str(form.version.data or "")
            if not version.isdecimal():
                raise Stale()
            with transaction() as writing:
                accounts.change(
                    writing,
                    _locked(writing, number),
                    form.to_details(),
                    actor=g.user,
                    at=clock.now(),
                    version=int(version),
                )
        except Invalid as refusal:
            form.take(refusal)
        except Stale as refusal:
            form.form_errors, status = [str(refusal)], refusal.status
        else:
            flash(_("Saved."), "done")
            return see_other("/records/users")
    return page(
        "records/users/form.html",
        form=form,
        person=person,
        status=status if status != 200 else form.status,
        is_self=_person(number).id == g.user.id,
        has_second_factor=second_factor.is_set_up(person),
    )


@blueprint.post("/users/<number>/disable")
@requires(Permission.USER_EDIT)
def disable_user(number: str) -> ResponseReturnValue:
    """Close the account; the person is out at once."""
    known = _person(number)
    try:
        with transaction() as writing:
            person = accounts.get(writing, known.id)
            accounts.disable(writing, person, actor=g.user, at=clock.now())
    except DomainError as refusal:
        flash(str(refusal), "alert")
    else:
        flash(_("%(name)s cannot sign in any more.", name=person.name), "done")
    return see_other(".edit_user", number=number)


@blueprint.post("/users/<number>/enable")
@requires(Permission.USER_EDIT)
def enable_user(number: str) -> ResponseReturnValue:
    """Open the account again."""
    with transaction() as writing:
        person = _locked(writing, number)
        accounts.enable(writing, person, actor=g.user, at=clock.now())
    flash(_("%(name)s can sign in again.", name=person.name), "done")
    return see_other(".edit_user", number=number)


@blueprint.post("/users/<number>/password")
@requires(Permission.USER_EDIT)
def set_user_password(number: str) -> ResponseReturnValue:
    """Make a one-time password, shown once; the person is signed out everywhere and must change it."""
    if _person(number).id == g.user.id:
        flash(_("Change your own password on your account page."), "alert")
        return see_other(".edit_user", number=number)
    password = passwords.one_time()
    with transaction() as writing:
        person = _locked(writing, number)
        accounts.set_password(writing, person, password, actor=g.user, at=clock.now())
    return page("records/users/password.html", person=person, password=password, is_new=False)


@blueprint.post("/users/<number>/second-factor/reset")
@requires(Permission.USER_EDIT)
def reset_user_second_factor(number: str) -> ResponseReturnValue:
    """Take the second factor away from somebody who lost it; the person is signed out everywhere."""
    at = clock.now()
    with transaction() as writing:
        person = _locked(writing, number)
        second_factor.reset(writing, person, actor=g.user, at=at)
        sessions.end_all(writing, person, at=at, reason=End.SECOND_FACTOR_CHANGED, keep=g.user_session.id)
    flash(_("The second factor of %(name)s is reset.", name=person.name), "done")
    return see_other(".edit_user", number=number)
