"""What the pages of an import do, step by step, for tests."""

import os
import signal

from portal.db import db, transaction
from portal.files.store import Store
from portal.imports.mapping import Kind
from portal.models.importing import ImportRun
from portal.services import imports
from portal.services.imports import running
from portal.services.imports.stored import question_from_json


class Desk:
    """Does what the pages do."""

    def __init__(self, config, clock, actor):
        self.store, self.clock, self.actor_id = Store.of(config), clock, actor.id

    @property
    def actor(self):
        from portal.db import session
        from portal.models.org import User

        return session().get(User, self.actor_id)

    def upload(self, content, kind=Kind.CUSTOMERS, name="ledger.xlsx"):
        book = imports.take(self.store, content, name)
        with transaction() as session:
            return imports.start(session, book, actor=self.actor, at=self.clock.now(), kind=kind).id

    def run(self, run_id) -> ImportRun:
        from portal.db import session

        session().expire_all()
        return session().get(ImportRun, run_id)

    def match(self, run_id, **changes):
        run = self.run(run_id)
        command = imports.SetMapping(
            {int(column): key for column, key in run.mapping["columns"].items()} | changes.pop("columns", {}),
            run.mapping["constants"] | changes.pop("constants", {}),
            changes.pop("owner_id", None),
            changes.pop("empty_clears", False),
        )
        sheet = imports.sheet_of(self.store, run)
        with transaction() as session:
            imports.set_mapping(
                session, session.get(ImportRun, run_id), command, sheet, actor=self.actor, at=self.clock.now()
            )
        return self.run(run_id)

    def answer(self, run_id, answers):
        sheet = imports.sheet_of(self.store, self.run(run_id))
        with transaction() as session:
            imports.answer(
                session, session.get(ImportRun, run_id), answers, sheet, actor=self.actor, at=self.clock.now()
            )
        return self.run(run_id)

    def questions(self, run_id):
        return [question_from_json(item) for item in self.run(run_id).questions]

    def prove(self, run_id):
        return running.dry_run(run_id, imports.sheet_of(self.store, self.run(run_id)), at=self.clock.now())

    def confirm(self, run_id):
        with transaction() as session:
            running.confirm(session, session.get(ImportRun, run_id), actor=self.actor, at=self.clock.now())

    def execute(self, run_id):
        running.execute(self.store, run_id, at=self.clock.now())
        return self.run(run_id)

    def be_killed_before_the_commit(self, run_id):
        """Execute in a process of its own that is killed when all is written and nothing committed."""
        child = os.fork()
        if child == 0:
            db.engine.dispose(close=False)
            plain = running.carry_out

            def dying(*args, **options):
                plain(*args, **options)
                os.kill(os.getpid(), signal.SIGKILL)

            running.carry_out = dying
            self.execute(run_id)
            os._exit(1)
        _pid, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status)

    def undo(self, run_id):
        with transaction() as session:
            return running.undo(session, session.get(ImportRun, run_id), actor=self.actor, at=self.clock.now())

    def bring_in(self, content, kind=Kind.CUSTOMERS, answers=None, **mapping):
        """Everything in one go; every open question must have a proposal or an answer."""
        run_id = self.upload(content, kind)
        self.match(run_id, **mapping)
        if self.questions(run_id):
            self.answer(run_id, {**imports.proposals(self.questions(run_id)), **(answers or {})})
        assert self.questions(run_id) == [], self.questions(run_id)
        self.prove(run_id)
        self.confirm(run_id)
        return self.execute(run_id)
