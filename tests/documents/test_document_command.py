"""`portal document`: a form in a file, without the web."""

from __future__ import annotations

import contextvars
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from portal.config import Config
from portal.db import session as current_session
from portal.documents.cli import document_command
from portal.models.event import Event, EventKind
from tests.documents import world
from tests.factories import Make

pytestmark = pytest.mark.pdf


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, config: Config) -> Any:
    environ = {
        "PORTAL_HOME": str(config.home),
        "PORTAL_DATABASE_URL": config.database_url,
        "PORTAL_ENV": "test",
        "PORTAL_TEST_CLOCK": str(config.test_clock),
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    def run(*words: str) -> Result:
        return contextvars.Context().run(CliRunner().invoke, document_command, list(words))

    return run


def test_a_form_is_written_and_the_print_is_noted(make: Make, clock: Any, command: Any, tmp_path: Path) -> None:
    world.registered(make, clock)
    target = tmp_path / "form.pdf"
    result = command("f-06", "TS-2026-0001", "-o", str(target))
    assert result.exit_code == 0, result.output
    assert target.read_bytes().startswith(b"%PDF") and "1 pages" in result.output
    current_session().rollback()
    noted = current_session().scalars(select(Event).where(Event.kind == EventKind.PRINT)).one()
    assert (noted.actor_id, noted.record_number, noted.data["form"]) == (None, "TS-2026-0001", "F-06")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("F-99", "TS-2026-0001"), "there is no form F-99"),
        (("F-06", "TS-2026-0404"), "there is no record TS-2026-0404"),
    ],
)
def test_what_is_not_there_is_one_clear_line(
    app: Any, command: Any, tmp_path: Path, words: tuple[str, ...], sentence: str
) -> None:
    result = command(*words, "-o", str(tmp_path / "form.pdf"))
    assert result.exit_code == 1 and sentence in result.output and result.output.count("\n") == 1
    assert not (tmp_path / "form.pdf").exists()


def test_a_place_that_cannot_be_written_is_one_clear_line(make: Make, clock: Any, command: Any, tmp_path: Path) -> None:
    world.registered(make, clock)
    result = command("F-06", "TS-2026-0001", "-o", str(tmp_path / "missing" / "form.pdf"))
    assert result.exit_code == 1 and "cannot be written" in result.output
