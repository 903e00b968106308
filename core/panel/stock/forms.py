"""What the forms about stock may say: days, numbers, the parts of a kit, and a place that ships."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from wtforms import SelectField, StringField

from core.catalogue.services.stock import UNLIMITED
from core.catalogue.services.stock_terms import StockTerms
from core.hookspecs.site import Site
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.i18n import lazy
from core.lib.addresses import countries
from core.panel.forms import PanelForm, at_most, needed

Problems = list[tuple[str, str]]
NUMBERS = ("backorder_limit", "preorder_cap", "safety")
LONGEST = 9
ANY = "∞"


def typed_terms(site: Site, terms: StockTerms) -> dict[str, str]:
    """Terms as a form says them; no limit is an empty field's opposite, so it has a sign of its own."""
    limit = ANY if terms.backorder_limit >= UNLIMITED else str(terms.backorder_limit)
    return {
        "backorder_limit": limit,
        "promised_at": _day(site, terms.promised_at),
        "release_at": _day(site, terms.release_at),
        "preorder_cap": str(terms.preorder_cap),
        "safety": str(terms.safety),
    }


def read_terms(site: Site, form: Mapping[str, str], wrong: Problems) -> StockTerms:
    """The terms that a form says; what cannot be read goes to `wrong`."""
    numbers = {name: _number(form, name, wrong, unlimited=name == "backorder_limit") for name in NUMBERS}
    days = {name: _instant(site, form, name, wrong) for name in ("promised_at", "release_at")}
    return StockTerms(**numbers, **days)  # type: ignore[arg-type]  # the names are those of its fields


def read_pieces(form: Mapping[str, str], name: str, wrong: Problems) -> int:
    """A whole number of 0 or more; what cannot be read goes to `wrong`."""
    return _number(form, name, wrong, unlimited=False)


def read_some(form: Mapping[str, str], name: str, wrong: Problems) -> int:
    """A whole number of 1 or more; what cannot be read goes to `wrong`."""
    text = form.get(name, "").strip()
    if text.isdecimal() and int(text[:LONGEST]) and len(text) <= LONGEST:
        return int(text)
    wrong.append((name, _too_large(text) or _("Write how many pieces, 1 or more.")))
    return 0


def _too_large(text: str) -> str:
    is_large = text.isdecimal() and len(text) > LONGEST
    return _("Write a number below one billion.") if is_large else ""


def _number(form: Mapping[str, str], name: str, wrong: Problems, *, unlimited: bool) -> int:
    text = form.get(name, "").strip()
    if unlimited and text == ANY:
        return UNLIMITED
    if not text:
        return 0
    if text.isdecimal() and len(text) <= LONGEST:
        return int(text)
    wrong.append((name, _too_large(text) or _("Write a whole number of 0 or more.")))
    return 0


def _day(site: Site, at: datetime | None) -> str:
    return "" if at is None else at.astimezone(ZoneInfo(site.timezone)).date().isoformat()


def _instant(site: Site, form: Mapping[str, str], name: str, wrong: Problems) -> datetime | None:
    """The beginning of a day where the site is."""
    text = form.get(name, "").strip()
    if not text:
        return None
    try:
        return datetime.combine(date.fromisoformat(text), time(), ZoneInfo(site.timezone))
    except ValueError:
        wrong.append((name, _("Write a day such as 2027-03-20.")))
        return None


def read_kit(form: Mapping[str, str], wrong: Problems) -> tuple[dict[str, int], int | None]:
    """(SKU to pieces, hundredths of a percent off or none), as a form says: `SKU × pieces` in each line."""
    wanted: dict[str, int] = {}
    for line in form.get("parts", "").splitlines():
        sku, _sign, pieces = line.replace("×", "*").rpartition("*")
        sku, pieces = (sku.strip(), pieces.strip()) if sku.strip() else (line.strip(), "1")
        if not sku:
            continue
        if not pieces.isdecimal() or len(pieces) > 3:
            wrong.append(("parts", _("%(line)s: write an SKU, × and how many.", line=line)))
            continue
        wanted[sku] = wanted.get(sku, 0) + int(pieces)
    return wanted, _off(form, wrong)


def _off(form: Mapping[str, str], wrong: Problems) -> int | None:
    if form.get("price") != "parts":
        return None
    text = form.get("off", "").strip().replace(",", ".") or "0"
    whole, _dot, part = text.partition(".")
    if whole.isdecimal() and len(whole) <= 2 and (not part or (part.isdecimal() and len(part) <= 2)):
        return int(whole) * 100 + int(part.ljust(2, "0") or 0)
    wrong.append(("off", _("Write a percentage from 0 to 99.99.")))
    return None


def typed_kit(parts: Sequence[tuple[str, int]], off: int | None) -> dict[str, str]:
    """A kit as the form says it."""
    return {
        "parts": "\n".join(f"{sku} × {pieces}" for sku, pieces in parts),
        "price": "own" if off is None else "parts",
        "off": "" if not off else f"{off // 100}.{off % 100:02}".removesuffix(".00"),
    }


# -- places ----------------------------------------------------------------------------------------------------------


class LocationForm(PanelForm):
    """What can be said of a place."""

    name = StringField(lazy("Name"), [needed, at_most(120)])
    country = SelectField(
        lazy("Country"), description=lazy("Of several places, one in the shopper’s country goes first.")
    )

    postcode = StringField(
        lazy("Postcode"), [at_most(20)],
        description=lazy("Of several in one country, that with more of the shopper’s postcode goes first."),
    )  # fmt: skip

    def offer(self) -> LocationForm:
        """Fill in the countries in the reader's language."""
        self.country.choices = [("", _("Not said")), *countries(i18n.language())]
        return self


class NewLocationForm(LocationForm):
    """A further place, with the code that rules know it by."""

    code = StringField(
        lazy("Short code"),
        [needed, at_most(40)],
        description=lazy("Small letters, digits and hyphens. It stays as it is."),
    )
