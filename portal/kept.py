"""What was made once and is given again as long as everything it says and depends on is the same.

The key holds all of that: values of the database, language, who looks, the day. So nothing ever has to be dropped
because something changed; only when there are too many, all are made anew.
"""

from __future__ import annotations

from typing import TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Kept(dict[Key, Value]):
    """At most `most` values by what they were made of. Read with `get`, which gives None for what is not there."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def keep(self, key: Key, value: Value) -> Value:
        """Keep the value, and give it."""
        if len(self) >= self._most:
            self.clear()
        self[key] = value
        return value
