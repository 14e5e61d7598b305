"""What arrives with a signature: the words that were signed, and what was drawn (a data URL) or a picture of the signed paper."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
from typing import Any

from portal import typed
from portal.errors import Invalid
from portal.files import intake, marks
from portal.files.intake import Accepted
from portal.files.kinds import HEIC, JPEG, PNG, WEBP
from portal.files.store import Store
from portal.i18n import N_

BEGINS = "data:image/png;base64,"
MISSING = N_("Please have the customer sign.")
UNREADABLE = N_("The signature cannot be read. Please have the customer sign again.")

GARBLED = N_("The words that were signed did not arrive as they were shown. Please have the customer sign again.")
LONGEST = 40_000
"""Signs: a plan, the work done and many lines of cost."""


def words(shown: str | None, shown_hash: str | None) -> str | None:
    """The words that a phone showed, exactly; None: it showed those of the page. Raises Invalid unless they fit their hash."""
    if not shown:
        return None
    exact = shown.replace("\r\n", "\n")  # forms travel with other line ends
    if len(exact) > LONGEST or not typed.is_readable(exact):
        raise Invalid({"signature": GARBLED})
    if hashlib.sha256(exact.encode()).hexdigest() != shown_hash:
        raise Invalid({"signature": GARBLED})
    return exact


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
