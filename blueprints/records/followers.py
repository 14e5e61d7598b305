"""Followers of a record: oneself, and colleagues whom specialists and managers bring in."""

from __future__ import annotations

from typing import Any

from flask import g, request
from flask.typing import ResponseReturnValue

from blueprints.forms import ChoiceField, StrangeForm
from blueprints.http import get_or_404, requires, see_other
from blueprints.records import blueprint, chatter
from blueprints.records.chatter import Composer
from blueprints.records.talk_forms import TalkForm
from portal import clock, visibility
from portal.db import session, transaction
from portal.errors import Invalid, NotFound
from portal.i18n import N_, _
from portal.models.org import User
from portal.models.task import Task, Topic
from portal.permissions import Permission, Role
from portal.services import followers, records

P = Permission


class FollowerForm(TalkForm):
    """A colleague to be told of a record's steps and messages."""

    person = ChoiceField(N_("Colleague"), coerce=int, required=True, blank=N_("Please choose"))

    SHOWN = ("person",)

    def prepare(self, record: Any, actor: User, task: Task | None = None) -> None:
        """Who can follow and does not yet."""
        people = followers.candidates(session(), record, actor)
        self.person.choices = [(person.id, f"{person.name} · {Role(person.role).label}") for person in people]


@blueprint.post("/<kind>/<number>/follow")
@requires(P.NOTE_WRITE)
def follow_record(kind: str, number: str) -> ResponseReturnValue:
    """Follow a record one sees."""
    with transaction() as writing:
        followers.follow(writing, records.find(g.user, kind, number), g.user, actor=g.user, at=clock.now())
    return chatter.answer(records.find(g.user, kind, number), _("You follow this record now."))


@blueprint.route("/<kind>/<number>/followers", methods=["GET", "POST"])
@requires(P.FOLLOWER_ADD)
def add_follower(kind: str, number: str) -> ResponseReturnValue:
    """Let a colleague follow; reviewers and captains see the record from then on."""
    record = records.find(g.user, kind, number)
    form = FollowerForm()
    form.prepare(record, g.user)
    if form.is_submitted() and form.validate():
        try:
            with transaction() as writing:
                person = writing.get_one(User, form.person.data)
                followers.follow(writing, records.find(g.user, kind, number), person, actor=g.user, at=clock.now())
                name = person.name
            return chatter.answer(records.find(g.user, kind, number), _("%(name)s follows this record now.", name=name))
        except Invalid as refusal:
            form.take(refusal)
            record = records.find(g.user, kind, number)
    composer = Composer("follower", form=form, title=_("Add a follower"), action=f"{chatter.path(record)}/followers")
    return chatter.show(record, composer, status=form.status)


@blueprint.post("/<kind>/<number>/followers/<int:user_id>/remove")
@requires(P.NOTE_WRITE)
def remove_follower(kind: str, number: str, user_id: int) -> ResponseReturnValue:
    """Follow no more: oneself, or a colleague with the permission for it."""
    record = records.find(g.user, kind, number)
    with transaction() as writing:
        person = get_or_404(visibility.visible_to(g.user, User), User.id == user_id)
        followers.unfollow(writing, record, person, actor=g.user, at=clock.now())
        name = person.name
    try:
        return chatter.answer(
            records.find(g.user, kind, number), _("%(name)s no longer follows this record.", name=name)
        )
    except NotFound:  # following was all that opened it
        return see_other("/account/notices?show=followed")


@blueprint.post("/<kind>/<number>/followers/topics")
@requires(P.NOTE_WRITE)
def choose_topics(kind: str, number: str) -> ResponseReturnValue:
    """Say what one wants to be told of on a record one follows; `usual`: what is said in one's own account."""
    given = request.form.getlist("topic")
    if len(given) > len(Topic) or any(code not in Topic._value2member_map_ for code in given):
        raise StrangeForm()
    topics = None if "usual" in request.form else [Topic(code) for code in given]
    with transaction() as writing:
        record = records.find(g.user, kind, number)
        followers.subscribe(writing, record, g.user, topics, actor=g.user, at=clock.now())
    return chatter.answer(records.find(g.user, kind, number), _("Saved. You are told of what you chose."))
