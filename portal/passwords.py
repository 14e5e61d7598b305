"""Passwords: argon2id, slow on purpose, and never more than two at a time so that a flood of tries cannot fill memory."""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from portal.errors import DomainError
from portal.i18n import N_, Text, _

SHORTEST, LONGEST = 12, 128
AT_ONCE = 2
PATIENCE_SECONDS = 10
LEFT_OVER = 5
"""How many signs must remain when everything easy to guess is taken out."""

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_turns = BoundedSemaphore(AT_ONCE)

_EASY = (
    "password passw0rd admin administrator root welcome letmein login master dragon monkey iloveyou sunshine princess "
    "football baseball superman trustno1 qwertyuiop qwerty asdfghjkl asdfgh zxcvbnm zxcvbn qazwsx edcrfv 1qaz2wsx "
    "3edc4rfv 5tgb6yhn q1w2e3r4t5 q1w2e3 a1b2c3d4 abcdefgh abcd abc123 aa123456 test guest user default changeme "
    "secret hello woaini 5201314 1314520 520 521 1314 147258369 147258 123456789 12345678 1234567 123456 12345 1234 123 "
    "987654321 98765 654321 54321 4321 321 112233 445566 778899 123123 123321 111111 000000 666666 888888 168168 "
    "zhongguo china beijing shanghai hangzhou mima mimamima wang zhang zhao chen huang liu "
    "kefu portal zhuangxiu renovation decoration keting 客服 门户 装饰 装修 公司 密码 你好 中国 "
    "front_desk frontdesk specialist reviewer captain manager qiantai zhuanyuan jingli demo"
)
COMMON = frozenset(_EASY.split())
"""Words and rows of keys that guessers try first, and words of our own trade."""


class Busy(DomainError):
    """Too many passwords are being checked at this moment."""

    status = 503

    def __init__(self) -> None:
        super().__init__(N_("Many people are signing in at this moment. Please try again in a few seconds."))


@contextmanager
def _turn() -> Iterator[None]:
    if not _turns.acquire(timeout=PATIENCE_SECONDS):
        raise Busy()
    try:
        yield
    finally:
        _turns.release()


def _plain(password: str) -> str:
    """Keyboards differ in how they compose letters; the same letters are the same password."""
    return unicodedata.normalize("NFKC", password)


def make_hash(password: str) -> str:
    """The hash to keep. Raises Busy."""
    with _turn():
        return _hasher.hash(_plain(password))


def matches(password_hash: str, password: str) -> bool:
    """Whether this is the password of the hash. Raises Busy."""
    with _turn():
        try:
            return _hasher.verify(password_hash, _plain(password))
        except (Argon2Error, InvalidHashError):
            return False


def is_outdated(password_hash: str) -> bool:
    """True when the hash was made with weaker parameters than today's."""
    try:
        return _hasher.check_needs_rehash(password_hash)
    except InvalidHashError:
        return True


NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$I2/Dj32BiQ1UL1reA9MGZg$W30BbftOwsNw9HzgG6f4wPnl3kqTiP66w1zP+UimN4w"
"""The hash of a random password that was thrown away: an unknown name takes as long as a known one."""


def one_time() -> str:
    """A password to hand over by word of mouth: no signs that look alike, 77 bits."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(4))


def problem(password: str, *own_words: str | None) -> Text | str | None:
    """Why the password cannot be taken, as a sentence; None when it can. `own_words`: names that belong to the person."""
    if len(password) < SHORTEST:
        return _("At least %(least)s characters; a short sentence is easy to remember", least=SHORTEST)
    if len(password) > LONGEST:
        return _("At most %(most)s characters", most=LONGEST)
    rest = _plain(password).casefold()
    words = [word.casefold() for word in own_words if word and len(word) > 1]
    for word in sorted({*words, *COMMON}, key=len, reverse=True):
        rest = rest.replace(word, "")
    rest = re.sub(r"(?:19|20)[0-9]{2}(?:[01]?[0-9][0-3]?[0-9])?", "", rest)
    rest = re.sub(r"(.+?)\1+", r"\1", rest)
    if len(re.sub(r"[\W_]+", "", rest)) < LEFT_OVER or len(set(password)) < LEFT_OVER:
        return N_("Too easy to guess; use words that have nothing to do with you or the company")
    return None
