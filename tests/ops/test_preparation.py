"""What the portal looks at before it serves."""

from contextlib import closing
from dataclasses import replace

import pytest

from portal import database, passwords, preparation, sqlite
from portal.config import Config
from portal.permissions import Role

pytestmark = pytest.mark.sqlite_only


def test_the_newest_migration_is_the_one_alembic_knows(app):
    script = database.ScriptDirectory.from_config(database._config())
    assert preparation.newest_migration() == script.get_current_head()


def test_a_database_with_people_needs_no_preparation(app, config, make):
    assert not preparation.is_in_use(config)
    make.user(role=Role.MANAGER)
    assert preparation.is_in_use(config)


def test_an_older_database_is_prepared(app, config, make):
    make.user(role=Role.MANAGER)
    with closing(sqlite.module().connect(config.database_url.removeprefix("sqlite:///"))) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
        connection.commit()
    assert not preparation.is_in_use(config)


def test_what_is_no_database_is_prepared_and_then_named(tmp_path):
    config = Config.from_env({"PORTAL_HOME": str(tmp_path)})
    assert not preparation.is_in_use(config)
    (tmp_path / "portal.sqlite3").write_text("something else entirely, and long enough to have a header" * 20)
    assert not preparation.is_in_use(config)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "portal.example"])
def test_the_demo_password_is_refused_on_a_public_address(app, config, make, host):
    public = replace(config, env="production", host=host)
    preparation.refuse_known_passwords(public)
    make.user(role=Role.MANAGER, username="manager", password_hash=passwords.make_hash("demo"))
    with pytest.raises(preparation.PreparationError, match="manager can sign in with the demo password"):
        preparation.refuse_known_passwords(public)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.8.8"])
def test_on_this_machine_alone_the_demo_may_be_shown(app, config, make, host):
    make.user(role=Role.MANAGER, username="manager", password_hash=passwords.make_hash("demo"))
    preparation.refuse_known_passwords(replace(config, env="demo", host=host))


def test_a_changed_demo_password_may_be_public(app, config, make):
    make.user(role=Role.MANAGER, username="manager", password_hash=passwords.make_hash("seven green umbrellas"))
    preparation.refuse_known_passwords(replace(config, env="production", host="0.0.0.0"))
