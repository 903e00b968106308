"""What can be said about a site."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import available_timezones

from babel import Locale
from babel.core import get_global
from wtforms import BooleanField, EmailField, SelectField, SelectMultipleField, StringField, TextAreaField

from core.kernel import i18n
from core.kernel.i18n import lazy
from core.kernel.installation import installation
from core.kernel.sites import SiteState
from core.lib.addresses import countries
from core.panel.forms import PanelForm, at_most, email, host, hosts, lines, needed, optional


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
    """One site. A text holds the further domains, line by line."""

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
    open = BooleanField(
        lazy("Open for shoppers"),
        description=lazy(
            "While it is not, only staff who are signed in at its address see its goods. Orders that were placed go on."
        ),
    )
    language = SelectField(lazy("Main language"), [needed], validate_choice=False)
    languages = SelectMultipleField(
        lazy("Languages"),
        description=lazy(
            "Each further language has addresses of its own, such as /zh-cn/."
            " More come as language packs, under Plugins."
        ),
        validate_choice=False,
    )
    currency = SelectField(lazy("Main currency"), [needed], validate_choice=False)
    currencies = SelectMultipleField(
        lazy("Further currencies"),
        description=lazy("Shoppers may choose among these. A product is sold in those that it has a price in."),
        validate_choice=False,
    )
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
        render_kw={"list": "timezones"},
    )
    theme = SelectField(lazy("Theme"))

    def offer(self, tags: Sequence[str]) -> SiteForm:
        """Fill in the choices of this installation, in the reader's language; `tags` are the languages to be had."""
        chosen = [tag for tag in (self.language.data, *(self.languages.data or ())) if tag and tag not in tags]
        self.language.choices = language_choices([*tags, *dict.fromkeys(chosen)])
        self.languages.choices = [(tag, i18n.language_name(tag), "") for tag, _name in self.language.choices]
        self.currency.choices = currency_choices()
        # What is chosen stands first: the list is long.
        taken = set(self.currencies.data or ())
        self.currencies.choices = sorted(
            ((code, text, "") for code, text in self.currency.choices), key=lambda choice: choice[0] not in taken
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
            "currency": data["currency"],
            "languages": data["languages"],
            "currencies": data["currencies"],
        }

    @property
    def timezones(self) -> list[str]:
        """Names to choose from while typing: those of places, not of offsets."""
        return sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))

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
            "languages": list(state.chosen),
            "currency": site.currency,
            "currencies": [code for code in site.currencies if code != site.currency],
            "prices_include_tax": site.prices_include_tax,
            "several_addresses": site.several_addresses,
            "country": site.country,
            "timezone": site.timezone,
            "theme": site.theme,
        }
    ).offer(tags)
