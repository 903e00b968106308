"""What is said of a product (its attributes): shown as words between semicolons, read back into values with codes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from core.catalogue.services.drafts import AttributeDraft, ValueDraft
from core.catalogue.services.writing import decoded
from core.kernel import db
from core.kernel.i18n import clauses, speaking
from core.kernel.i18n import gettext as _
from core.kernel.sites import current
from core.lib.languages import named
from core.lib.text import fold, slugify
from core.panel.shell.sites import languages

_KNOWN = 500
FLAG = "flag"


class FactForm(Struct, kw_only=True):
    """One attribute with this product's values in the reader's language. `stored` are the values as they are.

    That of a flag is chosen, not written: its text is `yes`, `no` or empty.
    """

    id: int
    code: str
    kind: str
    title: str
    text: str = ""
    error: str = ""
    stored: list[ValueDraft] = field(default_factory=list)


def facts(product_id: int, language: str) -> list[FactForm]:
    """The attributes of the installation, with what is said of the product; two statements.

    One that a plugin declared is asked for where the plugin is on; what was said of the product stays to be seen.
    """
    found = db.rows("SELECT id, code, kind, names, plugin FROM attribute ORDER BY position, id")
    forms = {
        row[0]: FactForm(id=row[0], code=row[1], kind=row[2], title=named(decoded(row[3]) or {}, language))
        for row in found
    }
    asleep = {row[0] for row in found if row[4] and not current().runtime.has(row[4])}
    for attribute_id, code, names, number in db.rows(
        "SELECT attribute_id, value, names, number FROM product_attribute WHERE product_id = ? ORDER BY position",
        product_id,
    ):
        forms[attribute_id].stored.append(ValueDraft(names=decoded(names) or {}, code=code, number=number))
    for form in forms.values():
        form.text = (
            next((value.code for value in form.stored), "")
            if form.kind == FLAG
            else clauses(named(value.names, language) or value.code for value in form.stored)
        )
    return [form for form in forms.values() if form.stored or form.id not in asleep]


def show(typed: Mapping[str, str], forms: Sequence[FactForm]) -> None:
    """Put what was typed into the forms, unread."""
    for form in forms:
        form.text = typed.get(f"fact-{form.id}", form.text)


def read(typed: Mapping[str, str], forms: Sequence[FactForm], language: str) -> tuple[AttributeDraft, ...]:
    """The attributes whose words changed, and a new one if it was named; what cannot be read is noted in the forms."""
    changed = []
    for form in forms:
        text = typed.get(f"fact-{form.id}", form.text).strip()
        if text != form.text:
            form.text = text
            changed.append(AttributeDraft(code=form.code, values=_values(form, text, language)))
    name, text = typed.get("fact-name", "").strip(), typed.get("fact-words", "").strip()
    if name and text:
        new = FactForm(id=0, code=slugify(name), kind="text", title=name)
        values = _values(new, text, language)
        changed.append(AttributeDraft(code=new.code, values=values, names={language: name}, filterable=True))
    return tuple(changed)


def _values(form: FactForm, text: str, language: str) -> tuple[ValueDraft, ...]:
    """The words as values: those that some product has already keep their code and their other languages."""
    if form.kind == FLAG:
        return (_flag(text),) if text in {"yes", "no"} else ()
    known = _known(form, language)
    words = [word.strip() for word in re.split("[;；؛]", text) if word.strip()]
    return tuple(known.get(fold(word)) or _new(form, word, language) for word in words)


def _flag(code: str) -> ValueDraft:
    names = {}
    for tag in languages(current().site):
        with speaking(tag):
            names[tag] = _("Yes") if code == "yes" else _("No")
    return ValueDraft(names=names, code=code)


def _new(form: FactForm, word: str, language: str) -> ValueDraft:
    if form.kind != "number":
        return ValueDraft(names={language: word})
    try:
        return ValueDraft(names={language: word}, number=float(word.replace(",", ".")))
    except ValueError:
        form.error = _("Write a number.")
        return ValueDraft(names={language: word})


def _known(form: FactForm, language: str) -> dict[str, ValueDraft]:
    found = db.rows(
        "SELECT DISTINCT value, names, number FROM product_attribute WHERE attribute_id = ? LIMIT ?", form.id, _KNOWN
    )
    drafts = [ValueDraft(names=decoded(names) or {}, code=code, number=number) for code, names, number in found]
    return {fold(named(draft.names, language) or draft.code): draft for draft in [*drafts, *form.stored]}
