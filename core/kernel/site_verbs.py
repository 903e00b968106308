"""Adding and editing sites: each raises the epoch, so that every process sees it with its next request."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.core import get_global

from core.hookspecs.site import Site
from core.kernel import activity, cache, db
from core.kernel.installation import installation
from core.kernel.sites import SiteDomain, SiteRow, raise_epoch, state_of
from core.kernel.switch import switch_on
from core.lib.errors import NotFound, Unfit
from core.lib.languages import is_language
from core.lib.text import slugify

Edited = Callable[[int, Mapping[str, Any], Mapping[str, Any]], None]
_on_edit: list[Edited] = []
_HOST = re.compile(r"(?=.{1,200}\Z)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*\Z")
# Where a language or currency is at home, for a site that names no country.
_HOME = {"GBP": "GB", "EUR": "DE", "USD": "US", "CNY": "CN", "JPY": "JP", "CHF": "CH", "HKD": "HK", "KWD": "KW"}
_FIELDS = (
    "name",
    "host",
    "origin",
    "theme",
    "language",
    "languages",
    "currency",
    "currencies",
    "country",
    "timezone",
    "email",
    "prices_include_tax",
    "several_addresses",
    "open",
)


def on_edit(function: Edited) -> Edited:
    """Register what core does inside the transaction that edits a site, given its fields before and after."""
    _on_edit.append(function)
    return function


def add_site(
    *,
    host: str,
    name: str,
    theme: str = "plain",
    language: str = "en",
    currency: str = "EUR",
    country: str = "",
    languages: Sequence[str] = (),
    currencies: Sequence[str] = (),
    timezone: str = "UTC",
    email: str = "",
    prices_include_tax: bool = True,
    several_addresses: bool = False,
    key: str = "",
    actor: str = "system",
    first: bool = False,
) -> Site:
    """Add a site; raises Unfit with a message per field. With `first`, NotFound if there is one already. Commits.

    The packs of languages that core does not speak by itself are switched on with it.
    """
    values: dict[str, Any] = {
        "host": host.strip().lower(),
        "name": name.strip(),
        "theme": theme,
        "language": language,
        "currency": currency.upper(),
        "origin": "",
        "country": (country or _HOME.get(currency.upper(), "GB")).upper(),
        "languages": list(languages),
        "timezone": timezone,
        "email": email.strip(),
        "currencies": [code.upper() for code in currencies],
        "prices_include_tax": prices_include_tax,
        "several_addresses": several_addresses,
        "open": True,
    }
    _check(values, None)
    with db.transaction():
        # The row of the epoch is held from here on, so that of two first sites the second one sees the other.
        raise_epoch()
        if first and db.value("SELECT 1 FROM site LIMIT 1") is not None:
            raise NotFound
        position = int(db.value("SELECT COALESCE(MAX(position), 0) + 1 FROM site"))
        row = SiteRow.create(key=_free_key(key or slugify(name) or values["host"]), position=position, **values)
        activity.record(actor, "site.added", f"site:{row.id}", after=values, site_id=row.id, title=values["name"])
    for pack in _packs_for(state_of(row.id).silent):
        switch_on(row.id, pack, actor)
    return state_of(row.id).site


def edit_site(site_id: int, changes: Mapping[str, Any], actor: str) -> Site:
    """Change fields of a site; raises Unfit and NotFound. Commits."""
    row = _row(site_id)
    before = {name: getattr(row, name) for name in _FIELDS}
    after = {**before, **{name: value for name, value in changes.items() if name in _FIELDS}}
    _check(after, site_id)
    with db.transaction():
        for name in _FIELDS:
            setattr(row, name, after[name])
        row.save()
        _touch(site_id)
        for function in _on_edit:
            function(site_id, before, after)
        activity.record(
            actor, "site.edited", f"site:{site_id}", before=before, after=after, site_id=site_id, title=row.name
        )
    return state_of(site_id).site


def set_about(site_id: int, about: Mapping[str, Any], actor: str) -> None:
    """Change what themes and pages say about a site (texts, theme settings).

    `about` is merged into what is there. Commits.
    """
    row = _row(site_id)
    after = {**row.about, **about}
    with db.transaction():
        activity.record(
            actor, "site.about", f"site:{site_id}", before=row.about, after=after, site_id=site_id, title=row.name
        )
        SiteRow.update(about=after).where(SiteRow.id == site_id).execute()
        _touch(site_id)


def set_domains(site_id: int, hosts: Sequence[str], actor: str) -> None:
    """The further host names of a site; each redirects to its own. Raises Unfit. Commits."""
    wanted = sorted({host.strip().lower() for host in hosts if host.strip()})
    for host in wanted:
        if not _HOST.match(host) or _taken(host, site_id):
            raise Unfit({"domains": "A domain such as shop.example, that no site has yet."})
    with db.transaction():
        before = sorted(row.host for row in SiteDomain.select().where(SiteDomain.site == site_id))
        if before == wanted:
            return
        SiteDomain.delete().where(SiteDomain.site == site_id).execute()
        for host in wanted:
            SiteDomain.create(host=host, site=site_id)
        _touch(site_id)
        activity.record(
            actor,
            "site.domains",
            f"site:{site_id}",
            before={"domains": before},
            after={"domains": wanted},
            site_id=site_id,
        )


def _row(site_id: int) -> SiteRow:
    row = SiteRow.get_or_none(SiteRow.id == site_id)
    if row is None:
        raise NotFound
    return row


def _touch(site_id: int) -> None:
    raise_epoch()
    cache.touch(f"site:{site_id}")


def _free_key(wanted: str) -> str:
    base = wanted[:36]
    taken = {row[0] for row in db.rows("SELECT key FROM site")}
    return next(key for n in range(1, 10_000) if (key := base if n == 1 else f"{base}-{n}") not in taken)


def _taken(host: str, site_id: int | None) -> bool:
    own = db.value("SELECT id FROM site WHERE host = ? AND id <> ?", host, site_id or 0)
    return (
        own is not None
        or db.value("SELECT id FROM site_domain WHERE host = ? AND site_id <> ?", host, site_id or 0) is not None
    )


def _check(values: Mapping[str, Any], site_id: int | None) -> None:
    """Raise Unfit with what each field should hold."""
    host = values["host"]
    tags = (values["language"], *values["languages"])
    codes = (values["currency"], *values["currencies"])
    wrong = {
        "name": (not values["name"], "Give the site a name."),
        "host": (_taken(host, site_id), "Another site has this domain already."),
        "theme": (values["theme"] not in installation().themes.all(), "There is no such theme."),
        "language": (not all(map(is_language, tags)), "A language such as en or zh-CN."),
        "currency": (not all(code in get_global("all_currencies") for code in codes), "A currency such as EUR or CNY."),
        "country": (values["country"] not in get_global("territory_currencies"), "A country such as DE or CN."),
        "timezone": (not _is_timezone(values["timezone"]), "A time zone such as Europe/Berlin."),
    }
    errors = {field: message for field, (is_wrong, message) in wrong.items() if is_wrong}
    if "language" not in errors and not {*tags} <= {*speakable(site_id)}:
        errors["language"] = "No language pack for this language is on here. Switch it on under Plugins first."
    if not _HOST.match(host):
        errors["host"] = "A domain such as shop.example, without http:// and port."
    if errors:
        raise Unfit(errors)


def speakable(site_id: int | None) -> tuple[str, ...]:
    """The languages that may be chosen for a site; what was chosen before may stay, as a pack may be off for a while.

    For a new site, what any pack of this installation speaks.
    """
    made = installation()
    if site_id is None:
        return made.sites.spoken_with(made.plugins.loaded)
    state = state_of(site_id)
    return (*made.sites.spoken_with(state.runtime.plugins), *state.silent)


def _packs_for(tags: Sequence[str]) -> list[str]:
    """The first pack of this installation for each language."""
    loaded = sorted(installation().plugins.loaded.items())
    found = [next((name for name, one in loaded if tag in one.plugin.languages), "") for tag in tags]
    return [name for name in dict.fromkeys(found) if name]


def _is_timezone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return False
    return True
