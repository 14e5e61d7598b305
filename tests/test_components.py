"""The components keep their promises: reasons reachable, errors tied to their fields, nothing unescaped, each word translated."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask, render_template, render_template_string
from jinja2 import StrictUndefined
from jinja2.ext import babel_extract
from wtforms import Form, RadioField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from portal import chips, formatting, i18n
from portal.shell import draw
from portal.templating import Application, icon

ROOT = Path(__file__).parent.parent
NOW = datetime(2026, 10, 15, 1, 0, tzinfo=UTC)
STATUSES = (400, 401, 403, 404, 405, 409, 413, 415, 418, 422, 429, 500, 502, 503)


@pytest.fixture(scope="module")
def app() -> Flask:
    """An application with the templates and nothing else; an unknown name in a template is an error."""
    app = Application("components", root_path=str(ROOT))
    app.secret_key = "test"
    environment = app.jinja_env
    environment.add_extension("jinja2.ext.i18n")
    environment.install_gettext_callables(i18n.gettext, i18n.ngettext, newstyle=True, pgettext=i18n.pgettext)  # type: ignore[attr-defined]
    environment.trim_blocks = environment.lstrip_blocks = True
    environment.globals.update(static_url=lambda path: f"/static/{path}", csrf_token=lambda: "token", icon=icon)
    formatting.init_app(app)
    chips.init_app(app)
    return app


@pytest.fixture
def show(app):
    """Render a snippet that imports from the components."""

    def render(source: str, **values: object) -> str:
        with app.test_request_context("/"):
            return render_template_string(source, **values)

    return render


def shell(**changed: object) -> SimpleNamespace:
    person = SimpleNamespace(display_name="周晓雯", role_label="客服专员", initials="周", username="specialist")
    link = SimpleNamespace(label="投诉", icon="message-report", url="/records/complaints", active=True, late_count=3)
    values = {
        "user": person,
        "apps": [link],
        "app_title": "投诉",
        "menu": [link],
        "now_text": "10-15 周四 09:00",
        "task_count": 11,
        "task_late_count": 4,
        "task_today_count": 2,
        "task_soon_count": 0,
        "task_tallies": [
            ("late", "逾期", 4, "/late"),
            ("today", "今天", 2, "/today"),
            ("soon", "24 小时内", 0, "/soon"),
        ],
        "notice_count": 3,
        "locale": "zh_Hans",
        "theme": "light",
        "locales": list(i18n.LOCALES.items()),
        "env": "production",
        "user_id": 1,
        "on_site": None,
        "has_phone": False,
        "tabs": [],
        "home_url": "/",
        **{
            name: f"/{name}"
            for name in (
                [
                    "tasks_url",
                    "notices_url",
                    "notices_count_url",
                    "preferences_url",
                    "logout_url",
                    "account_url",
                    "palette_url",
                ]
            )
        },
    }
    frame = SimpleNamespace(**(values | changed), token="token", back="/")
    frame.part = lambda name: draw(name, frame)
    return frame


def test_a_page_has_its_frame(app):
    with app.test_request_context("/records/complaints"):
        app.jinja_env.undefined, before = StrictUndefined, app.jinja_env.undefined
        try:
            html = render_template("layouts/page.html", shell=shell())
        finally:
            app.jinja_env.undefined = before
    assert '<html lang="zh-Hans" data-bs-theme="light" data-density="compact"' in html
    assert 'hx-headers:inherited=\'{"X-CSRFToken": "token"}\'' in html
    assert 'href="#main">跳到正文</a>' in html and 'id="main"' in html
    assert 'aria-label="我的待办：逾期 4，今天 2，24 小时内 0，共 11"' in html
    assert '<a href="/late"><span class="tally-late">4</span>逾期</a>' in html
    assert html.count("theme.js") == 0 and "demo-ribbon" not in html


def test_a_demo_says_so_and_a_device_theme_is_followed(app):
    with app.test_request_context("/"):
        html = render_template("layouts/page.html", shell=shell(env="demo", theme="auto"))
    assert "演示数据，并非真实客户" in html and "js/theme.js" in html


@pytest.mark.parametrize("status", STATUSES)
def test_every_error_says_what_to_do_next(app, status):
    with app.test_request_context("/"):
        html = render_template(
            "errors/error.html", status=status, sentence=None, reference="7F3A21", shell=shell(user=None)
        )
    assert html.count("<h1") == 1 and f"错误 {status}" in html and "编号 7F3A21" in html
    assert re.search(r"<h1 data-error-message>[^<]+。</h1>\s*<p>[^<]+。</p>", html)


def test_a_rule_speaks_for_itself_on_the_error_page_and_in_a_message(app):
    values = {"status": 409, "sentence": "<b>已结案</b>", "reference": None, "shell": shell()}
    with app.test_request_context("/"):
        page, snack = render_template("errors/error.html", **values), render_template("errors/snack.html", **values)
    assert "&lt;b&gt;已结案" in page and "&lt;b&gt;已结案" in snack
    assert 'role="alert"' in snack


def test_an_impossible_step_can_be_reached_and_says_why(show):
    html = show(
        '{% from "components/actions.html" import action %}{{ action(item) }}',
        item={
            "label": "结案",
            "blocked": True,
            "id": "why",
            "title": "还不能结案",
            "reasons": [("回访满意", False)],
            "who": "专员",
        },
    )
    assert 'aria-disabled="true" aria-describedby="why"' in html and " disabled" not in html
    assert "还不能结案" in html and 'aria-label="还缺"' in html and "可操作：专员" in html


def test_a_step_that_acts_is_a_form_with_a_token(show):
    html = show(
        '{% from "components/actions.html" import action %}{{ action(item) }}',
        item={"label": "升级", "url": "/x?a=1&b=2", "method": "post", "key": "U"},
    )
    assert '<form method="post" action="/x?a=1&amp;b=2">' in html
    assert 'name="csrf_token" value="token"' in html and 'data-key="U"' in html


class Call(Form):
    caller = StringField("来电人", [InputRequired("请填写来电人。")])
    kind = RadioField(
        "事由", [InputRequired()], choices=[SelectChoice("1", "咨询"), SelectChoice("2", "投诉")], default="2"
    )


def test_an_error_is_tied_to_its_field(show):
    form = Call(data={"caller": ""})
    form.validate()
    html = show(
        '{% from "components/forms.html" import field, form_errors %}{{ form_errors(form) }}{{ field(form.caller) }}',
        form=form,
    )
    assert 'aria-describedby="caller-under"' in html and 'aria-invalid="true"' in html
    assert '<div class="under" id="caller-under"><span class="error" role="alert">' in html
    assert '<a href="#caller">来电人</a> 请填写来电人。' in html


def test_radio_choices_show_their_keys(show):
    html = show('{% from "components/forms.html" import field %}{{ field(form.kind, keys="12") }}', form=Call())
    assert "<fieldset" in html and "<legend" in html and "data-digit-keys" in html
    assert re.search(r'value="2" checked[^>]*>投诉 <kbd aria-hidden="true">2</kbd>', html)


@pytest.mark.parametrize(
    ("hours", "columns", "kind", "picture"),
    [
        (30, {}, "due", "ring"),
        (1, {}, "due soon", "ring"),
        (-1, {}, "due late", "alert-triangle"),
        (5, {"closed_at": NOW}, "due done", "circle-check"),
        (0, {"due_at": None, "paused_reason": "等客户"}, "due paused", "clock-pause"),
    ],
)
def test_a_clock_is_never_told_by_colour_alone(show, hours, columns, kind, picture):
    task = {"started_at": NOW - timedelta(hours=24), "due_at": NOW + timedelta(hours=hours), "code": "DL-11"} | columns
    html = show('{% from "components/time.html" import due %}{{ due(task, now) }}', task=task, now=NOW)
    assert f'class="{kind}"' in html and picture in html and "DL-11" in html


def test_text_of_people_stays_text(show):
    bad = '<img src=x onerror="alert(1)">'
    html = show(
        """{% from "components/chatter.html" import entry, task_list %}{% from "components/boards.html" import lines, kpi %}
        {% from "components/record.html" import row, sheet_head %}{% from "components/files.html" import file_list %}
        {{ entry({"kind": "note", "who": bad, "initials": "x", "body": bad}) }}{{ entry({"kind": "log", "body": bad}) }}
        {{ task_list([{"title": bad, "detail": bad}]) }}{{ lines([{"title": bad, "detail": bad}]) }}{{ row("x", bad) }}
        {{ sheet_head(bad, bad) }}{{ kpi({"label": bad, "figure": bad, "url": bad}) }}
        {{ file_list([{"name": bad, "url": bad, "size": 1}]) }}""",
        bad=bad,
    )
    assert "<img src=x" not in html and 'onerror="' not in html


def test_every_word_of_the_components_has_its_chinese():
    missing = []
    for folder in ("layouts", "components", "errors"):
        for path in sorted((ROOT / "templates" / folder).glob("*.html")):
            functions = ["_", "ngettext", "pgettext"]
            for line, function, message, _comments in babel_extract(io.BytesIO(path.read_bytes()), functions, [], {}):
                parts = [part for part in message if part] if isinstance(message, tuple) else [message]
                if function == "pgettext":
                    said = i18n.pgettext(parts[0], parts[1])
                elif function == "ngettext":
                    said = i18n._catalogue().ungettext(parts[0], parts[1], 2)
                else:
                    said = i18n.gettext(parts[0])
                if not re.search(r"[\u4e00-\u9fff]", said):
                    missing.append(f"{path.name}:{line} {parts}")
    assert not missing, "write these into portal/translations/zh_Hans/shell.po:\n" + "\n".join(missing)
