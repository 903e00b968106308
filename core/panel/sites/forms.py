"""What can be said about a site."""

from __future__ import annotations

from wtforms import BooleanField, EmailField, SelectField, StringField, TextAreaField

from core.hookspecs.site import Site
from core.kernel import i18n
from core.kernel.i18n import lazy
from core.kernel.installation import installation
from core.lib.addresses import countries
from core.panel.forms import PanelForm, at_most, email, host, hosts, lines, needed, optional, words


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
        description=lazy("Codes between spaces. Each further one has addresses of its own, such as /zh-cn/."),
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

    def offer(self) -> SiteForm:
        """Fill in the choices of this installation, in the reader's language."""
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


def of_site(site: Site, *, domains: list[str], is_open: bool) -> SiteForm:
    """The form as a site stands."""
    return SiteForm(
        data={
            "name": site.name,
            "host": site.host,
            "domains": "\n".join(domains),
            "email": site.email,
            "open": is_open,
            "language": site.language,
            "languages": " ".join(site.languages),
            "currency": site.currency,
            "currencies": " ".join(site.currencies),
            "prices_include_tax": site.prices_include_tax,
            "several_addresses": site.several_addresses,
            "country": site.country,
            "timezone": site.timezone,
            "theme": site.theme,
        }
    ).offer()
