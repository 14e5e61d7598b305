"""The signature that arrives with a form: drawn with the finger (a data URL), or a picture of the signed paper."""

from __future__ import annotations

import base64
import binascii
import io
from typing import Any

from portal.errors import Invalid
from portal.files import intake, marks
from portal.files.intake import Accepted
from portal.files.kinds import HEIC, JPEG, PNG, WEBP
from portal.files.store import Store
from portal.i18n import N_

BEGINS = "data:image/png;base64,"
MISSING = N_("Please have the customer sign.")
UNREADABLE = N_("The signature cannot be read. Please have the customer sign again.")


def take(drawn: str | None, scan: Any, store: Store) -> Accepted:
    """The clean picture of the signature. Raises Invalid when there is none, or when nobody wrote on the pad."""
    if scan is not None and scan.filename:
        return intake.take(scan.stream, scan.filename, store, kinds={JPEG, PNG, WEBP, HEIC}, field="signature")
    if not drawn:
        raise Invalid({"signature": MISSING})
    if not drawn.startswith(BEGINS):
        raise Invalid({"signature": UNREADABLE})
    try:
        content = base64.b64decode(drawn.removeprefix(BEGINS), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Invalid({"signature": UNREADABLE}) from error
    accepted = intake.take(io.BytesIO(content), "signature.png", store, kinds={PNG}, field="signature")
    if not marks.has_ink(accepted, store):
        raise Invalid({"signature": MISSING})
    return accepted
