"""Every sentence of the product has its Chinese words, and no Chinese page shows an English one by oversight."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir

from portal import i18n

ROOT = Path(__file__).parents[2]
FOLDERS = ("portal", "blueprints", "jobs", "templates")
KEYWORDS = {
    "_": None, "gettext": None, "_n": (1, 2), "ngettext": (1, 2), "_p": ((1, "c"), 2), "pgettext": ((1, "c"), 2),
    "N_": {1: (1,), 2: (1, (2, "c"))}, "Text": {1: (1,), 2: (1, (2, "c"))},
}  # fmt: skip


def said() -> set[tuple[str, str | None, str]]:
    """(message, context, where) of everything that goes through the catalogues."""
    found = set()
    for folder in FOLDERS:
        methods = [("**.py", "python"), ("**.html", "jinja2"), ("**.txt", "jinja2")]
        options = {"**.html": {"trimmed": "false"}}
        rows = extract_from_dir(
            str(ROOT / folder), method_map=methods, options_map=options, keywords=KEYWORDS, strip_comment_tags=True
        )
        for file, line, message, _comments, context in rows:
            words = message[0] if isinstance(message, tuple) else message
            if isinstance(words, str) and words.strip() and not file.startswith("processes/"):
                found.add((words, context, f"{folder}/{file}:{line}"))
    return found


@pytest.fixture(scope="module")
def messages() -> set[tuple[str, str | None, str]]:
    return said()


def test_there_are_messages(messages):
    assert len(messages) > 500


def test_every_message_has_chinese_words(messages):
    missing = []
    with i18n.use_locale("zh_Hans"):
        for message, context, where in sorted(messages, key=lambda row: row[2]):
            key = f"{context}\x04{message}" if context else message
            if key not in i18n._catalogue()._catalog and (message, 0) not in i18n._catalogue()._catalog:
                missing.append(f"{where}: {context or ''} {message!r}")
    assert not missing, f"{len(missing)} without zh_Hans:\n" + "\n".join(missing[:60])


def test_placeholders_are_the_same_in_both_languages():
    catalogue = i18n._catalogue()._catalog
    wrong = []
    for key, words in catalogue.items():
        message = (key[0] if isinstance(key, tuple) else key).split("\x04")[-1]
        if not message or not isinstance(words, str):
            continue
        names = set(re.findall(r"%\((\w+)\)", message)) | {"num"}
        if set(re.findall(r"%\((\w+)\)", words)) - names:
            wrong.append(f"{message!r} -> {words!r}")
    assert not wrong, "\n".join(wrong)


def test_one_sentence_has_one_translation():
    """Two po files that translate the same sentence differently would depend on the order of files."""
    from babel.messages.pofile import read_po

    seen: dict[tuple[str, str | None], tuple[str, str]] = {}
    conflicts = []
    for path in sorted((i18n.FOLDER / "zh_Hans").glob("*.po")):
        for entry in read_po(io.BytesIO(path.read_bytes()), locale="zh_Hans_CN"):
            if not entry.id:
                continue
            key = (str(entry.id), entry.context)
            text = str(entry.string)
            if key in seen and seen[key][0] != text:
                conflicts.append(f"{key}: {seen[key][0]!r} in {seen[key][1]}, {text!r} in {path.name}")
            seen[key] = (text, path.name)
    assert not conflicts, "\n".join(conflicts)
