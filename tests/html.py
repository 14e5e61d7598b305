"""What every HTML answer must keep to, whichever page it is: one heading, a title, labels, no repeated id."""

from __future__ import annotations

from collections import Counter
from html.parser import HTMLParser

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
UNLABELLED = {"hidden", "submit", "button", "reset", "image"}
PRESSED = {"checkbox", "radio", "range", "color", "file"}
"""Controls in which nobody types a line and ends it with Enter."""


class Page(HTMLParser):
    """An answer, read: its title, its headings, its form controls, its visible text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.is_whole = "<html" in html
        self.title = ""
        self.headings: list[str] = []
        self.ids: Counter[str] = Counter()
        self.labels: set[str] = set()
        self.controls: list[tuple[str, dict[str, str]]] = []
        self.text: list[str] = []
        self.problems: list[str] = []
        self.typed_in: set[str] = set()
        """The forms with a line to type in: by their id, or which one on the page."""
        self.sends: dict[str, list[dict[str, str]]] = {}
        """The buttons that send each form, in their order."""
        self.blanks = 0
        self._forms = 0
        self._open: list[tuple[str, dict[str, str], list[str]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if "id" in given:
            self.ids[given["id"]] += 1
        if tag == "label" and "for" in given:
            self.labels.add(given["for"])
        in_label = any(name == "label" for name, _, _ in self._open)
        is_control = tag in {"select", "textarea"} or (tag == "input" and given.get("type") not in UNLABELLED)
        if is_control:
            self.controls.append((tag, given | ({"in-label": "yes"} if in_label else {})))
        if tag == "form":
            self._forms += 1
            given = {"id": f"form {self._forms}"} | given
        self._note_form(tag, given)
        if tag == "img" and "alt" not in given:
            self.problems.append(f"<img src={given.get('src', '')[:40]!r}> has no alt")
        if tag == "img":
            for _tag, _given, pieces in self._open:
                pieces.append(given.get("alt", ""))
        if any(name.startswith("on") for name in given) or "style" in given:
            self.problems.append(f"<{tag}> has an inline style or script: {given}")
        if tag not in VOID:
            self._open.append((tag, given, []))

    def _note_form(self, tag: str, given: dict[str, str]) -> None:
        around = next((form["id"] for name, form, _ in reversed(self._open) if name == "form"), "")
        form = given.get("form", around)
        if not form:
            return
        if tag == "input" and given.get("type") not in UNLABELLED | PRESSED and "readonly" not in given:
            self.typed_in.add(form)
        if tag == "button" and given.get("type", "submit") == "submit":
            self.sends.setdefault(form, []).append(given)

    def handle_endtag(self, tag: str) -> None:
        for depth in range(len(self._open) - 1, -1, -1):
            if self._open[depth][0] == tag:
                _, given, pieces = self._open[depth]
                del self._open[depth:]
                self._closed(tag, given, "".join(pieces).strip())
                return

    def _closed(self, tag: str, given: dict[str, str], said: str) -> None:
        if tag == "option" and given.get("value", said) in ("", "0"):
            self.blanks += 1
        if tag == "select":
            if self.blanks > 1:
                self.problems.append(
                    f"<select name={given.get('name')!r}> says {self.blanks} times that nothing is chosen"
                )
            self.blanks = 0
        if tag == "title" and not any(name == "svg" for name, _, _ in self._open):
            self.title = said
        elif tag == "h1":
            self.headings.append(said)
        elif tag in {"button", "a"} and ("href" in given or tag == "button"):
            named = said or given.get("aria-label") or given.get("aria-labelledby")
            if not named and given.get("aria-hidden") != "true":
                self.problems.append(f"<{tag}> says nothing: {given}")

    def handle_data(self, data: str) -> None:
        for _tag, _given, pieces in self._open:
            pieces.append(data)
        if not any(tag in {"script", "style", "title"} for tag, _, _ in self._open):
            self.text.append(data)

    def check(self) -> list[str]:
        """What is wrong, in words; empty when nothing is."""
        problems = list(self.problems)
        problems += [f"id {name!r} is used {count} times" for name, count in self.ids.items() if count > 1]
        for tag, given in self.controls:
            if given.get("in-label") or given.get("aria-label") or given.get("aria-labelledby"):
                continue
            if given.get("id") not in self.labels:
                problems.append(f"<{tag} name={given.get('name')!r}> has no label")
        for form in self.typed_in:
            first, *others = self.sends.get(form, [{}])
            if others and not {"primary", "sr"} & set(first.get("class", "").split()):
                problems.append(f"Enter in a line of the form {form!r} presses {first}: the main button stands first")
        if self.is_whole:
            if len(self.headings) != 1:
                problems.append(f"{len(self.headings)} h1: {self.headings}")
            if not self.title.strip():
                problems.append("the title is empty")
        return problems
