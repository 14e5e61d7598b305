"""Everything the environment may say, read once and typed. Nothing else in the code reads `PORTAL_*`."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

DEMO, TEST, PRODUCTION = "demo", "test", "production"
ENVIRONMENTS = (PRODUCTION, DEMO, TEST)
FILES_HINT = "must be a folder (/srv/portal/files, file:///srv/portal/files) or a bucket (s3://bucket/prefix)"


class ConfigError(ValueError):
    """A setting of the environment that the portal refuses to start with; the text says the cure."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A place for files in an S3-compatible store. What is None comes from the usual AWS_* variables."""

    name: str
    prefix: str = ""
    """Empty, or ending in a slash."""
    endpoint: str | None = None
    region: str | None = None
    addressing: str = "auto"
    """`path`: the bucket stands in the path; `virtual`: in the host; `auto`: path unless it is Amazon's own."""

    def __str__(self) -> str:
        return f"s3://{self.name}/{self.prefix}".rstrip("/") + (f" at {self.endpoint}" if self.endpoint else "")


@dataclass(frozen=True, slots=True)
class Config:
    """How this process was told to run. Source: the outside contract in `docs/administrator.md`."""

    home: Path
    database_url: str
    redis_url: str | None
    """None: the embedded Valkey under `home` is meant."""
    files_url: str | None
    host: str
    port: int
    env: str
    secret_key: str
    test_clock: Path | None
    faults: str
    trusted_proxies: int = 0
    """How many proxies in front may say who asks; 0: nobody is believed."""

    @property
    def is_sqlite(self) -> bool:
        """True when the embedded database is used."""
        return self.database_url.startswith("sqlite")

    @property
    def files(self) -> Path | Bucket:
        """Where attachments and forms lie. Raises ConfigError for an address that names no such place."""
        return _place(self.files_url) if self.files_url else self.home / "files"

    @classmethod
    def from_env(cls, environ: dict[str, str] | None = None) -> Config:
        """Read `PORTAL_*`. Raises ConfigError with one clear sentence for what cannot be meant."""
        env = dict(os.environ if environ is None else environ)
        mode = env.get("PORTAL_ENV", PRODUCTION)
        if mode not in ENVIRONMENTS:
            raise ConfigError(f"PORTAL_ENV must be one of {', '.join(ENVIRONMENTS)}, not {mode!r}.")
        for name in ("PORTAL_TEST_CLOCK", "PORTAL_FAULTS"):
            if env.get(name) and mode != TEST:
                raise ConfigError(f"{name} is only allowed with PORTAL_ENV=test; unset it.")
        home = Path(env.get("PORTAL_HOME") or "var").resolve()
        home.mkdir(parents=True, exist_ok=True)
        try:
            port = int(env.get("PORTAL_PORT", "8000"))
        except ValueError as error:
            raise ConfigError("PORTAL_PORT must be a number.") from error
        clock_file = env.get("PORTAL_TEST_CLOCK")
        config = cls(
            home=home,
            database_url=env.get("PORTAL_DATABASE_URL") or f"sqlite:///{home / 'portal.sqlite3'}",
            redis_url=env.get("PORTAL_REDIS_URL") or None,
            files_url=env.get("PORTAL_FILES_URL") or None,
            host=env.get("PORTAL_HOST", "127.0.0.1"),
            port=port,
            env=mode,
            secret_key=env.get("PORTAL_SECRET_KEY") or _kept_secret(home / "secret-key"),
            test_clock=Path(clock_file) if clock_file else None,
            faults=env.get("PORTAL_FAULTS", ""),
            trusted_proxies=_count(env, "PORTAL_TRUSTED_PROXIES"),
        )
        _ = config.files  # refused here, not at the first photo
        return config


def _place(url: str) -> Path | Bucket:
    scheme, colon, rest = url.partition("://")
    if not colon or scheme == "file":
        if not (rest if colon else url).startswith("/"):
            raise ConfigError(f"PORTAL_FILES_URL {FILES_HINT}; the path must begin with a slash.")
        return Path(unquote(rest) if colon else url)
    if scheme != "s3":
        raise ConfigError(f"PORTAL_FILES_URL {FILES_HINT}; {scheme}:// is not supported.")
    parts = urlsplit(url)
    if not parts.netloc or set(parts.netloc) & set("@:"):
        raise ConfigError(
            f"PORTAL_FILES_URL {FILES_HINT}; keys belong into AWS_ACCESS_KEY_ID, the server into ?endpoint=."
        )
    options = dict(parse_qsl(parts.query))
    unknown = ", ".join(sorted(set(options) - {"endpoint", "region", "addressing"}))
    if unknown or parts.fragment:
        raise ConfigError(f"PORTAL_FILES_URL knows endpoint, region and addressing, not {unknown or '#'}.")
    if options.get("addressing", "auto") not in ("auto", "path", "virtual"):
        raise ConfigError("PORTAL_FILES_URL: addressing must be path or virtual.")
    if not options.get("endpoint", "https://").startswith(("https://", "http://")):
        raise ConfigError("PORTAL_FILES_URL: endpoint must begin with https:// or http://.")
    prefix = unquote(parts.path).strip("/")
    return Bucket(parts.netloc, f"{prefix}/" if prefix else "", **options)


def _count(env: dict[str, str], name: str) -> int:
    text = env.get(name) or "0"
    if not text.isascii() or not text.isdigit() or int(text) > 5:
        raise ConfigError(f"{name} must be a number from 0 to 5.")
    return int(text)


def _kept_secret(path: Path) -> str:
    """The key made at the first start and kept beside the data; two processes starting at once agree on one."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        for _attempt in range(100):
            if key := path.read_text(encoding="ascii").strip():
                return key
        raise ConfigError(f"{path} is empty; delete it, and everybody signs in again.") from None
    key = secrets.token_urlsafe(48)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(key)
    return key
