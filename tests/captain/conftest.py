"""A captain with a job: the worked example's leak, as far as a test wants it."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image, ImageDraw
from sqlalchemy import select

from portal.db import session
from portal.models.org import User
from portal.models.repair import RepairOrder
from tests.client import Client
from tests.files import hostile
from tests.html import Page
from tests.services.repair_story import Story


def drawn() -> str:
    """A signature as the pad sends it."""
    image = Image.new("RGBA", (640, 256), (255, 255, 255, 0))
    ImageDraw.Draw(image).line([(40, 40), (200, 180), (360, 60), (560, 200)], fill=(20, 24, 29, 255), width=6)
    return "data:image/png;base64," + base64.b64encode(hostile.encoded(image, "PNG")).decode()


class Phone:
    """The captain's browser on one job."""

    def __init__(self, sign_in: Callable[..., Client], user: User, number: str) -> None:
        self._sign_in, self.user, self.number = sign_in, user, number
        self.path = f"/repair-captain/jobs/{number}"

    @property
    def client(self) -> Client:
        """Signed in anew, because tests move the clock by days."""
        return self._sign_in(self.user)

    def page(self) -> Page:
        return self.client.page(self.path)

    def fields(self, form: str) -> dict[str, Any]:
        """The hidden fields that the page gave to a form."""
        html = self.client.get(self.path, status=200).text
        found = re.search(rf'<form[^>]* id="{form}".*?</form>', html, re.S)
        assert found, form
        return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', found[0]))

    def send(self, form: str, path: str, status: int = 303, **data: Any) -> Any:
        given = {**self.fields(form), **data}
        given.pop("csrf_token", None)
        answer = self.client.post(f"{self.path}/{path}", given)
        said = re.findall(r'class="error".*?</span></span>|<li>.*?</li>|<strong>.*?</strong>', answer.text, re.S)
        assert answer.status_code == status, f"{answer.status}: {said}"
        return answer

    def bare(self, path: str, status: int = 303, **data: Any) -> Any:
        """A form with nothing but what every form carries."""
        carried = self.fields("photo-form")
        given = {name: carried[name] for name in ("client_key", "device_at", "version")}
        return self.client.post(f"{self.path}/{path}", given | data, status=status)

    def step(self, action: str, status: int = 303, form: str = "step", **data: Any) -> Any:
        return self.send(form, f"steps/{action}", status, **data)

    def photo(
        self, kind: str, content: bytes | None = None, name: str = "image.jpg", status: int = 303, **data: Any
    ) -> Any:
        given = self.fields("photo-form")
        given.pop("csrf_token", None)
        colour = {"BEFORE": "saddlebrown", "AFTER": "seagreen"}.get(kind, "gray")
        file = (io.BytesIO(hostile.photo(colour=colour) if content is None else content), name)
        return self.client.post(
            f"{self.path}/photos", {**given, "kind": kind, "file": file, **data}, status=status,
            content_type="multipart/form-data",
        )  # fmt: skip

    def sign(self, status: int = 303, **data: Any) -> Any:
        given = {"signed_by": "张建军", "signed_at": data.pop("at"), "rating": "5", "signature": drawn(), **data}
        return self.step("sign-off", status, checks=self.checks("sign-off"), **given)

    def checks(self, action: str) -> list[str]:
        """All lines of a checklist."""
        order = self.order
        return [str(line.id) for line in order.checks if line.step == action]

    @property
    def order(self) -> RepairOrder:
        return session().scalars(select(RepairOrder).where(RepairOrder.number == self.number)).one()


@pytest.fixture
def story(make: Any, clock: Any) -> Story:
    told = Story(make, clock)
    told.settled()
    told.issued()
    clock.set("2026-10-12 09:10")
    return told


@pytest.fixture
def phone(story: Any, sign_in: Any) -> Phone:
    """The captain has been told of the leak."""
    order = story.reported()
    story.checked(order)
    story.assigned(order)
    return Phone(sign_in, story.captain, order.number)
