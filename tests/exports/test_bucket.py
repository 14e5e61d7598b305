"""An export whose file lies in a bucket: made, handed out, cleared away."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from portal.config import Bucket, Config
from portal.db import session
from portal.files.store import Store
from portal.permissions import Role
from portal.services import exports
from tests import s3
from tests.exports.parts import fetched, work


@pytest.fixture
def config(config: Config, bucket: Bucket) -> Config:
    return replace(config, files_url=s3.url(bucket))


@pytest.mark.sqlite_only
def test_a_file_in_a_bucket(make: Any, sign_in: Any, clock: Any, config: Config, ask: Any) -> None:
    make.customer(name="赵敏")
    client = sign_in(Role.MANAGER)
    number = ask(client.user, "customers", format="XLSX")
    assert work() == 1
    store, export = Store.of(config), fetched(number)
    assert store.verify(export.sha256) and store.size(export.sha256) == export.size
    assert client.get(f"/records/exports/{number}/file", status=200).data == store.read(export.sha256)
    clock.advance(days=8)
    gone = exports.expired(session(), at=clock.now())
    assert (gone.ids, gone.contents) == ([number], {export.sha256})
    store.delete(export.sha256)
    assert list(store.all()) == []
