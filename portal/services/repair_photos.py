"""Photos of a repair: taken on site, put side by side, drawn on. The file is an attachment; what it shows stands here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.errors import NotFound, NotPermitted
from portal.files.intake import Accepted
from portal.i18n import N_
from portal.models.org import User
from portal.models.repair import RepairOrder, RepairPhoto
from portal.permissions import Permission, may
from portal.processes.repair import PhotoKind
from portal.services import attachments
from portal.services.repairs import visits

MOST_PAIRS = 99


@dataclass(frozen=True, slots=True)
class AddPhoto:
    """A picture that was taken. `pair`: the number of the spot it shows; None: the next that fits."""

    file: Accepted
    kind: str
    taken_at: datetime | None = None
    pair: int | None = None
    note: str | None = None
    marked: Accepted | None = None
    """The copy with marks drawn on it."""


@dataclass(frozen=True, slots=True)
class Pair:
    """The same spot before and after; one of them may be missing still."""

    number: int
    before: tuple[RepairPhoto, ...]
    after: tuple[RepairPhoto, ...]


def add(session: Session, order: RepairOrder, command: AddPhoto, *, actor: User, at: datetime) -> RepairPhoto:
    """Put a photo on the repair; the same file twice is there once. Raises Invalid when the record is full, NotPermitted."""
    if not may(actor, Permission.REPAIR_WORK):
        raise NotPermitted(N_("Your role may not do this."))
    added = attachments.add(session, order, command.file, actor=actor, at=at, kind="PHOTO").attachment
    photo = session.scalars(select(RepairPhoto).where(RepairPhoto.attachment_id == added.id)).one_or_none()
    if photo is None:
        photo = RepairPhoto(attachment=added, taken_at=command.taken_at, kind=command.kind)
        photo.pair, photo.note, photo.round_no = _pair(order, command), command.note, order.round_no
        order.all_photos.append(photo)
        photo.visit = visits.going_on(order)
    elif photo.kind != command.kind:  # sent again to say that it shows something else
        photo.pair, photo.kind = _pair(order, command), command.kind
    session.flush()
    if command.marked is not None:
        mark(session, photo, command.marked, actor=actor, at=at)
    return photo


def mark(session: Session, photo: RepairPhoto, drawn: Accepted, *, actor: User, at: datetime) -> RepairPhoto:
    """Put the copy with marks beside the photo; the photo itself stays as it was taken."""
    order = photo.order
    added = attachments.add(session, order, drawn, actor=actor, at=at, kind="PHOTO").attachment
    same = session.scalars(select(RepairPhoto).where(RepairPhoto.attachment_id == added.id)).one_or_none()
    if same is not None:
        return same
    copy = RepairPhoto(
        attachment=added,
        kind=photo.kind,
        pair=photo.pair,
        taken_at=photo.taken_at,
        note=photo.note,
        drawn_on_id=photo.id,
        round_no=photo.round_no,
    )
    order.all_photos.append(copy)
    copy.visit = photo.visit
    session.flush()
    return copy


def find(order: RepairOrder, photo_id: int) -> RepairPhoto:
    """The photo of that number on this repair. Raises NotFound."""
    found = next((photo for photo in order.photos if photo.id == photo_id), None)
    if found is None:
        raise NotFound()
    return found


def pairs(order: RepairOrder) -> list[Pair]:
    """The spots of the repair in order, each before and after."""
    photos = [photo for photo in order.photos if photo.pair is not None]
    return [
        Pair(
            number,
            tuple(photo for photo in photos if photo.pair == number and photo.kind == PhotoKind.BEFORE),
            tuple(photo for photo in photos if photo.pair == number and photo.kind == PhotoKind.AFTER),
        )
        for number in sorted({photo.pair for photo in photos if photo.pair is not None})
    ]


def others(order: RepairOrder) -> list[RepairPhoto]:
    """The photos that stand alone."""
    return [photo for photo in order.photos if photo.pair is None]


def _pair(order: RepairOrder, command: AddPhoto) -> int | None:
    """A photo before opens a spot; a photo after goes to the first spot that has none of this round, else opens one.

    What is taken during the work stands alone: what it shows is behind the wall afterwards.
    """
    if command.kind in (PhotoKind.OTHER, PhotoKind.DURING):
        return None
    if command.pair is not None:
        return command.pair
    spots = pairs(order)
    if command.kind == PhotoKind.AFTER:
        present = order.round_no
        waiting = next((spot.number for spot in spots if all(photo.round_no != present for photo in spot.after)), None)
        if waiting is not None:
            return waiting
    return min(max((spot.number for spot in spots), default=0) + 1, MOST_PAIRS)
