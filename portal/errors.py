"""What may go wrong by the rules, with a sentence fit to show. One handler answers all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from portal.i18n import N_, Text

Message = Text | str


class DomainError(Exception):
    """A rule said no. `status` is the HTTP answer, `str()` the sentence for the person."""

    status = 409

    def __init__(self, message: Message, *, status: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        if status is not None:
            self.status = status

    def __str__(self) -> str:
        return str(self.message)


class NotPermitted(DomainError):
    """The person may not do this; the sentence says who may."""

    status = 403


class NotFound(DomainError):
    """There is no such record, or not for this person: the two are told apart nowhere."""

    status = 404

    def __init__(self, message: Message = N_("Not found, or not yours to see.")) -> None:
        super().__init__(message)


class TransitionNotAllowed(DomainError):
    """The record is not in a state from which this step leads anywhere."""


class ConditionsMissing(TransitionNotAllowed):
    """The step exists, but conditions are not met; `reasons` lists them, the sentence says that they are missing."""

    def __init__(self, reasons: Sequence[Message]) -> None:
        super().__init__(N_("Missing: %(condition)s") % {"condition": "; ".join(str(reason) for reason in reasons)})
        self.reasons = tuple(reasons)


class Stale(DomainError):
    """Somebody else changed the record since the person opened it; nothing was written."""

    def __init__(
        self, message: Message = N_("Somebody changed this record after you opened it. Nothing was saved yet.")
    ) -> None:
        super().__init__(message)


class Invalid(DomainError):
    """Input that cannot be taken: one sentence per field name (`""` for the whole form)."""

    status = 422

    def __init__(self, fields: Mapping[str, Message]) -> None:
        super().__init__("; ".join(str(message) for message in fields.values()))
        self.fields = dict(fields)
