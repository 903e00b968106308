"""What can be said about a site."""

from __future__ import annotations

from collections.abc import Sequence

from babel import Locale
from babel.core import get_global
from wtforms import BooleanField, EmailField, SelectField, StringField, TextAreaField

from core.kernel import i18n
from core.kernel.i18n import lazy
from core.kernel.installation import installation
from core.kernel.sites import SiteState
from core.lib.addresses import countries
from core.panel.forms import PanelForm, at_most, email, host, hosts, lines, needed, optional, words


def language_choices(tags: Sequence[str]) -> list[tuple[str, str]]:
    """The languages that can be had here, by their names in the reader's language."""
    reader = Locale.parse(i18n.language(), sep="-")
    named = [(tag, Locale.parse(tag, sep="-").get_display_name(reader) or tag) for tag in tags]
    return [(tag, name[:1].upper() + name[1:]) for tag, name in named]


def currency_choices() -> list[tuple[str, str]]:
    """The currencies that are legal tender somewhere today, by code, with their names in the reader's language."""
    reader = Locale.parse(i18n.language(), sep="-")
    codes = {
        code
        for used in get_global("territory_currencies").values()
        for code, _begin, end, is_tender in used
        if is_tender and end is None
    }
    return [(code, f"{code} · {reader.currencies.get(code, code)}") for code in sorted(codes)]


def timezone_of(country: str) -> str:
    """A country's time zone, or that of most who live there; UTC where neither is known."""
    zones = get_global("territory_zones").get(country, ())
    return _MOST_LIVE_IN.get(country) or (zones[0] if len(zones) == 1 else "UTC")


_MOST_LIVE_IN = {
    "AU": "Australia/Sydney", "BR": "America/Sao_Paulo", "CA": "America/Toronto", "CN": "Asia/Shanghai",
    "DE": "Europe/Berlin", "ES": "Europe/Madrid", "ID": "Asia/Jakarta", "MX": "America/Mexico_City",
    "NZ": "Pacific/Auckland", "PT": "Europe/Lisbon", "RU": "Europe/Moscow", "US": "America/New_York",
}  # fmt: skip


class SetupForm(PanelForm):
    """The first site: what cannot be guessed."""

    name = StringField(lazy("Name"), [needed, at_most(120)], description=lazy("What shoppers read as the shop's name."))
    host = StringField(
        lazy("Host name"),
        [needed, host],
        description=lazy("Such as shop.example.com. On this machine, “localhost” does to begin with."),
    )
    language = SelectField(lazy("Main language"))
    currency = SelectField(lazy("Main currency"))
    country = SelectField(lazy("Country"), description=lazy("Where the shop is; offered first to shoppers."))

    def offer(self, tags: Sequence[str]) -> SetupForm:
        """Fill in the choices, in the reader's language; `tags` are the languages to be had."""
        self.language.choices = language_choices(tags)
        self.currency.choices = currency_choices()
        self.country.choices = list(countries(i18n.language()))
        return self


class SiteForm(PanelForm):
    """One site. Texts hold lists: languages and currencies between spaces, further domains line by line."""

    name = StringField(lazy("Name"), [needed, at_most(120)])
    host = StringField(
        lazy("Host name"), [needed, host], description=lazy("Such as shop.example.com; its DNS must lead here.")
    )
    domains = TextAreaField(
        lazy("Further host names"),
        [optional, hosts],
        description=lazy("One in each line; they lead to the one above."),
        render_kw={"rows": 3},
    )
    email = EmailField(
        lazy("Mail address"),
        [optional, email],
        description=lazy("Mails to shoppers come from here, and their answers go here."),
    )
    open = BooleanField(lazy("Open for shoppers"))
    language = StringField(
        lazy("Main language"), [needed, at_most(20)], description=lazy("A code such as en, de or zh-CN.")
    )
    languages = StringField(
        lazy("All languages"),
        [at_most(200)],
    )
    currency = StringField(lazy("Main currency"), [needed, at_most(3)], description=lazy("Such as EUR or CNY."))
    currencies = StringField(lazy("All currencies"), [at_most(100)], description=lazy("Codes between spaces."))
    prices_include_tax = BooleanField(lazy("Prices include tax"))
    several_addresses = BooleanField(
        lazy("Several addresses in one order"),
        description=lazy("Shoppers may say what of a cart goes where; each address has its own delivery and taxes."),
    )
    country = SelectField(lazy("Country"), description=lazy("Where the shop is; offered first to shoppers."))
    timezone = StringField(
        lazy("Time zone"),
        [needed, at_most(60)],
        description=lazy("Such as Europe/Berlin. It defines when a day begins."),
    )
    theme = SelectField(lazy("Theme"))

    def offer(self, tags: Sequence[str]) -> SiteForm:
        """Fill in the choices of this installation, in the reader's language; `tags` are the languages to be had."""
        self.languages.description = i18n.gettext(
            "Codes between spaces, of these: %(codes)s. Further ones come as language packs, under Plugins."
            " Each further one has addresses of its own, such as /zh-cn/.",
            codes=", ".join(f"{tag} ({i18n.language_name(tag)})" for tag in tags),
        )
        self.country.choices = list(countries(i18n.language()))
        themes = installation().themes
        self.theme.choices = [(name, i18n.gettext(themes.get(name).title)) for name in themes.all()]
        return self

    def changes(self) -> dict[str, object]:
        """The fields as the kernel's verbs take them."""
        data = self.data
        return {
            **{
                name: data[name]
                for name in (
                    *("name", "email", "open", "language", "prices_include_tax", "several_addresses"),
                    *("country", "timezone", "theme"),
                )
            },
            "host": data["host"].lower(),
            "currency": data["currency"].upper(),
            "languages": words(data["languages"]),
            "currencies": [code.upper() for code in words(data["currencies"])],
        }

    @property
    def further_hosts(self) -> list[str]:
        return lines(self.domains.data)


def of_site(state: SiteState, domains: list[str], tags: Sequence[str]) -> SiteForm:
    """The form as a site stands, with the languages that were chosen for it."""
    site = state.site
    return SiteForm(
        data={
            "name": site.name,
            "host": site.host,
            "domains": "\n".join(domains),
            "email": site.email,
            "open": state.open,
            "language": state.chosen[0],
            "languages": " ".join(state.chosen),
            "currency": site.currency,
            "currencies": " ".join(site.currencies),
            "prices_include_tax": site.prices_include_tax,
            "several_addresses": site.several_addresses,
            "country": site.country,
            "timezone": site.timezone,
            "theme": site.theme,
        }
    ).offer(tags)
