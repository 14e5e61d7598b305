"""The address of a record. Numbers of contracts are as printed on paper, so an address has to bear any sign."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from werkzeug.routing import UnicodeConverter


def record_path(kind: str, number: str) -> str:
    """Where the record of that kind and number is: `/records/contracts/HT-2026-0001`."""
    return f"/records/{kind}/{in_path(number)}"


def in_path(number: str) -> str:
    """A number as one part of an address. Servers read `%2F` as a slash, so a slash goes in twice wrapped."""
    wrapped = number.replace("%", "%25").replace("/", "%2F")
    if re.fullmatch(r"[a-z-]+|\.+", wrapped):  # would be read as one of our own words, or as the way up
        wrapped = f"%{ord(wrapped[0]):02X}{wrapped[1:]}"
    return quote(wrapped, safe="")


class NumberConverter(UnicodeConverter):
    """Parts of addresses without a type, such as `<number>`, as `in_path` writes them."""

    def to_python(self, value: str) -> str:
        """The number itself."""
        return unquote(value)

    def to_url(self, value: str) -> str:
        """As it stands in an address."""
        return in_path(str(value))
