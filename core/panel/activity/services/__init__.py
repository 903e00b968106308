"""The activity log in words: one statement for the entries and one for the people, whatever the page's length."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from core.kernel import db, i18n
from core.kernel.i18n import gettext as _
from core.kernel.i18n import lazy
from core.kernel.installation import installation
from core.lib import clock
from core.panel.activity.services.recorded import Act, Recorded
from core.panel.shell import initials

PAGE = 50
_LAST = 2**62
VERBS: dict[str, Any] = {
    "plugin.on": lazy("switched on %(title)s"),
    "plugin.off": lazy("switched off %(title)s"),
    "plugin.draining": lazy("took %(title)s off; it finishes its open orders"),
    "plugin.removed": lazy("deleted all data of %(title)s"),
    "plugin.paused": lazy("paused %(title)s"),
    "plugin.settings": lazy("changed settings of %(title)s"),
    "plugin.must_pass": lazy("changed what happens when %(title)s fails"),
    "role.save": lazy("changed the role %(title)s"),
    "role.delete": lazy("deleted the role %(title)s"),
    "staff.roles": lazy("changed the roles of %(title)s"),
    "site.added": lazy("added the site %(title)s"),
    "site.edited": lazy("changed the site %(title)s"),
    "site.about": lazy("changed the words of the site %(title)s"),
    "site.domains": lazy("changed the further host names of a site"),
    "ship": lazy("shipped from order %(title)s"),
    "picked": lazy("began to pick order %(title)s"),
    "unpicked": lazy("took back the picking of order %(title)s"),
    "cancel": lazy("cancelled in order %(title)s"),
    "staff.add": lazy("added %(title)s to the staff"),
    "staff.edit": lazy("changed the details of %(title)s"),
    "staff.renew": lazy("gave %(title)s a new one-time password"),
    "staff.disable": lazy("shut out %(title)s"),
    "staff.enable": lazy("let %(title)s in again"),
    "staff.factor_on": lazy("switched on the second step at sign-in for %(title)s"),
    "staff.factor_off": lazy("switched off the second step at sign-in for %(title)s"),
    "staff.factor_codes": lazy("made new recovery codes for %(title)s"),
    "staff.passkey_added": lazy("added a passkey for %(title)s"),
    "staff.passkey_removed": lazy("removed a passkey of %(title)s"),
    "shopper.factor_on": lazy("switched on the second step at sign-in for %(title)s"),
    "shopper.factor_off": lazy("switched off the second step at sign-in for %(title)s"),
    "shopper.factor_codes": lazy("made new recovery codes for %(title)s"),
    "shopper.passkey_added": lazy("added a passkey for %(title)s"),
    "shopper.passkey_removed": lazy("removed a passkey of %(title)s"),
    "shopper.disable": lazy("shut out %(title)s"),
    "shopper.enable": lazy("let %(title)s in again"),
    "shopper.note": lazy("wrote a note about %(title)s"),
    "shopper.note_gone": lazy("took a note about %(title)s away"),
    "shopper.tag": lazy("put a tag on %(title)s"),
    "shopper.untag": lazy("took a tag off %(title)s"),
    "shopper.reset_sent": lazy("mailed %(title)s a link for a new password"),
    "shopper.signed_out": lazy("ended the sessions of %(title)s"),
    "shopper.data": lazy("downloaded the data of %(title)s"),
    "shopper.erase_ask": lazy("asked for the account of %(title)s to be erased"),
    "shopper.erase_stop": lazy("kept the account of %(title)s after all"),
    "shopper.erase": lazy("erased the account %(title)s"),
    "product.created": lazy("added %(title)s"),
    "product.changed": lazy("changed %(title)s"),
    "product.archived": lazy("archived %(title)s"),
    "product.restored": lazy("brought %(title)s back"),
    "product.address": lazy("changed the address of %(title)s"),
    "category.address": lazy("changed the address of %(title)s"),
    "price.changed": lazy("changed prices of %(title)s"),
    "listing.changed": lazy("changed where %(title)s is sold"),
    "category.created": lazy("added the category %(title)s"),
    "category.changed": lazy("changed the category %(title)s"),
    "category.deleted": lazy("deleted the category %(title)s"),
    "category.restored": lazy("brought the category %(title)s back"),
    "category.placed": lazy("changed where the category %(title)s is shown"),
    "search.led": lazy("led searches for “%(title)s”"),
    "search.let_go": lazy("let searches for “%(title)s” find what they find"),
    "category.ordered": lazy("sorted the category %(title)s"),
    "media.added": lazy("added the picture %(title)s"),
    "media.deleted": lazy("deleted the picture %(title)s"),
    "media.replaced": lazy("put another picture in place of %(title)s"),
    "theme.published": lazy("published the look %(title)s"),
    "theme.planned": lazy("planned the look %(title)s"),
    "theme.dropped": lazy("took back the planned look %(title)s"),
    "media.described": lazy("changed the words of the picture %(title)s"),
    "stock.adjust": lazy("corrected stock of %(title)s"),
    "stock.count": lazy("counted %(title)s"),
    "stock.receive": lazy("took in %(title)s"),
    "stock.sort": lazy("sorted pieces of %(title)s"),
    "stock.expect": lazy("noted incoming pieces of %(title)s"),
    "stock.transfer": lazy("moved pieces of %(title)s to another place"),
    "stock.transfer_received": lazy("noted that moved pieces of %(title)s came"),
    "stock.transfer_undone": lazy("took a transfer of %(title)s back"),
    "stock.terms": lazy("changed what may be sold of %(title)s beyond the stock"),
    "stock.kept": lazy("changed for whom %(title)s is kept"),
    "stock.repair": lazy("put the stock of %(title)s right"),
    "stock.differs": lazy("found stock that differs from its moves"),
    "stock.backorders": lazy("changed how much of %(title)s may be ordered ahead"),
    "location.added": lazy("added the location %(title)s"),
    "location.changed": lazy("changed the location %(title)s"),
    "location.ordered": lazy("changed when goods are taken from %(title)s"),
    "location.closed": lazy("closed the location %(title)s"),
    "location.opened": lazy("opened the location %(title)s again"),
    "job.dropped": lazy("let the work %(title)s go"),
    "job.kept": lazy("took the work %(title)s back"),
    "products.imported": lazy("imported products: %(title)s"),
    "products.import_undone": lazy("undid the import of %(title)s"),
    "product.removed": lazy("took away %(title)s, which an import had made"),
    "product.put_back": lazy("put %(title)s back as it was before an import"),
    "category.removed": lazy("took away the category %(title)s, which an import had made"),
    "mark paid": lazy("marked order %(title)s as paid"),
    "refund": lazy("refunded order %(title)s"),
    "capture": lazy("captured the payment of order %(title)s"),
    "void": lazy("let go of the authorisation of order %(title)s"),
    "return": lazy("took back goods of order %(title)s"),
    "kit": lazy("changed what the kit %(title)s is made of"),
    "media.restored": lazy("brought the picture %(title)s back"),
    "returns.rules": lazy("changed the rules of returns"),
    "edit hold rules": lazy("changed which orders are put on hold"),
    "orders.imported": lazy("imported orders: %(title)s"),
    "orders.import_undone": lazy("undid the import of orders from %(title)s"),
    "orders.history_imported": lazy("imported past orders: %(title)s"),
    "orders.history_undone": lazy("undid the import of past orders from %(title)s"),
    "import orders": lazy("brought orders of another shop in"),
    "draft": lazy("wrote the draft %(title)s of an order"),
    "send draft": lazy("sent the pay link of the draft %(title)s"),
    "revoke link": lazy("revoked the pay link of the draft %(title)s"),
    "keep draft": lazy("kept the goods of the draft %(title)s, or let them go"),
    "drop draft": lazy("let the draft %(title)s go"),
    "restore draft": lazy("brought the draft %(title)s back"),
    "change": lazy("changed order %(title)s"),
    "hold": lazy("put order %(title)s on hold"),
    "approve": lazy("approved order %(title)s"),
    "split": lazy("split order %(title)s"),
    "merged": lazy("merged order %(title)s into another"),
    "buy label": lazy("bought a return label for order %(title)s"),
    "buy parcel label": lazy("bought a label for order %(title)s"),
    "void parcel label": lazy("gave a label of order %(title)s back"),
    "stage": lazy("set the stage of order %(title)s"),
}
# The steps of a return, an exchange or a claim: the log calls them `<kind> <step>`.
STEPS: dict[str, Any] = {
    "requested": lazy("noted that order %(title)s is wanted to come back, or is complained about"),
    "approved": lazy("approved the return, exchange or claim of order %(title)s"),
    "declined": lazy("refused the return, exchange or claim of order %(title)s"),
    "withdrawn": lazy("ended the return, exchange or claim of order %(title)s"),
    "received": lazy("took in goods that came back of order %(title)s"),
    "inspected": lazy("looked at goods that came back of order %(title)s"),
    "resolved": lazy("decided the return, exchange or claim of order %(title)s"),
}
VERBS |= {
    "add photos": lazy("added photos to a return of %(title)s"),
    "exchange held": lazy("held the new goods of an exchange of order %(title)s"),
    "exchange let_go": lazy("let the held goods of an exchange of order %(title)s go"),
    "exchange sent": lazy("sent the new goods of an exchange of order %(title)s ahead"),
    "edit carriers": lazy("changed the carriers of %(title)s"),
    "ask manifest": lazy("had a manifest made of the parcels of %(title)s"),
    "promise": lazy("promised another day for order %(title)s"),
    "unship": lazy("took a parcel of order %(title)s back"),
    "guest.data": lazy("took along what is known of the guest %(title)s"),
    "guest.erase": lazy("erased the guest %(title)s"),
}
VERBS |= {f"{kind} {step}": said for kind in ("return", "exchange", "claim") for step, said in STEPS.items()}
# What the things are called that a change names; a further word behind it (`prices LAMP-1`) stays as it is.
FIELDS: dict[str, Any] = {
    "returns": lazy("sending back"),
    "also": lazy("words searched for as well"),
    "category_id": lazy("category"),
    "count": lazy("number"),
    "carriers": lazy("carriers"),
    "labels": lazy("labels"),
    "why": lazy("reason"),
    "name": lazy("name"),
    "title": lazy("title"),
    "titles": lazy("titles"),
    "email": lazy("mail address"),
    "host": lazy("host name"),
    "language": lazy("language"),
    "languages": lazy("languages"),
    "currency": lazy("currency"),
    "currencies": lazy("currencies"),
    "country": lazy("country"),
    "countries": lazy("countries"),
    "theme": lazy("theme"),
    "timezone": lazy("time zone"),
    "open": lazy("open for shoppers"),
    "origin": lazy("address"),
    "prices_include_tax": lazy("prices include tax"),
    "domains": lazy("further host names"),
    "state": lazy("state"),
    "position": lazy("place in the list"),
    "place": lazy("place in the list"),
    "price": lazy("price"),
    "prices": lazy("prices"),
    "amount": lazy("amount"),
    "amounts": lazy("amounts"),
    "days_from": lazy("days, from"),
    "days_to": lazy("days, to"),
    "days": lazy("days"),
    "address": lazy("address"),
    "fees": lazy("fees"),
    "hours": lazy("opening hours"),
    "kind": lazy("kind"),
    "code": lazy("code"),
    "codes": lazy("codes"),
    "minimums": lazy("minimum order"),
    "basis_points": lazy("hundredths of a percent"),
    "category_ids": lazy("categories"),
    "categories": lazy("categories"),
    "product_ids": lazy("products"),
    "alone": lazy("not with others"),
    "active": lazy("switched on"),
    "starts": lazy("begins"),
    "ends": lazy("ends"),
    "rounding": lazy("ending of prices"),
    "everything": lazy("everything in the shop"),
    "signed_in": lazy("for accounts alone"),
    "skip_reduced": lazy("without what is reduced already"),
    "areas": lazy("areas"),
    "served": lazy("delivered there"),
    "reasons": lazy("reasons"),
    "reason": lazy("reason"),
    "lines": lazy("goods"),
    "tracking": lazy("tracking number"),
    "taken": lazy("taken over"),
    "owner": lazy("owner"),
    "listing": lazy("on sale here"),
    "pictures": lazy("pictures"),
    "alt": lazy("words for who cannot see it"),
    "focal": lazy("focal point"),
    "roles": lazy("roles"),
    "permissions": lazy("permissions"),
    "version": lazy("version"),
    "until": lazy("until"),
    "rows": lazy("rows"),
    "methods": lazy("methods"),
    "places": lazy("places"),
    "criteria": lazy("criteria"),
    "costs": lazy("costs"),
    "only": lazy("no other place"),
    "words": lazy("words"),
    "noindex": lazy("hidden from search engines"),
    "original": lazy("file"),
    "width": lazy("width"),
    "height": lazy("height"),
    "bytes": lazy("size"),
    "due_at": lazy("planned for"),
    "stock": lazy("stock"),
    "variant": lazy("variant"),
    "values": lazy("choices"),
    "option": lazy("option"),
    "path": lazy("address"),
    "parent": lazy("below"),
    "on_hand": lazy("there now"),
    "delta": lazy("difference"),
    "text": lazy("text"),
    "number": lazy("number"),
    "case": lazy("case"),
    "pieces": lazy("pieces"),
    "to": lazy("to"),
    "url": lazy("address"),
    "kinds": lazy("events"),
    "scopes": lazy("rights"),
    "tag": lazy("tag"),
    "note": lazy("note"),
    "stage": lazy("stage"),
    "plugin": lazy("plugin"),
    "basis": lazy("basis"),
    "brackets": lazy("brackets"),
    "free_from": lazy("free from"),
    "per": lazy("surcharge per"),
    "surcharges": lazy("surcharges"),
    "parcel_g": lazy("heaviest parcel"),
    "divisor": lazy("volume weight"),
    "excluded": lazy("not carried"),
    "descriptions": lazy("descriptions"),
    "ended": lazy("ended"),
    "disabled": lazy("shut out"),
    "picture": lazy("picture"),
    "visible": lazy("shown"),
    "products": lazy("products"),
    "levels": lazy("counts of stock"),
    "backorder_limit": lazy("sold beyond the stock"),
    "kept": lazy("pieces that are kept"),
    "channel": lazy("channel"),
    "parts": lazy("parts"),
    "off": lazy("cheaper by"),
    "must_pass": lazy("orders need its answer"),
    "money": lazy("money"),
    "restocked": lazy("put back"),
    "mail": lazy("mail"),
    "reply": lazy("answer"),
    "redirects": lazy("redirects"),
    "step": lazy("step"),
}


class LogEntry(Struct, frozen=True, kw_only=True):
    """One change as people read it. `changes` are (name, before, after)."""

    at: datetime
    actor: str
    initials: str
    is_machine: bool
    icon: str
    sentence: str
    place: str
    changes: list[tuple[str, str, str]]


class LogPage(Struct, frozen=True, kw_only=True):
    """Entries by day, newest first, and the id to go on from."""

    days: list[tuple[str, list[LogEntry]]]
    further: int | None


def log(site_ids: list[int] | None, query: str = "", before: int | None = None) -> LogPage:
    """The latest changes on these sites (None: everywhere, shared things included) that contain `query`."""
    where, values = ["a.id < ?"], [before or _LAST]
    if site_ids is not None:
        where.append(f"a.site_id IN ({db.marks(site_ids)})")
        values += site_ids
    if query:
        where.append(
            "(LOWER(a.title) LIKE ? OR a.verb LIKE ? OR a.object LIKE ? OR a.actor IN (SELECT 'staff:' || id FROM"
            " staff WHERE LOWER(name) LIKE ? OR email_folded LIKE ?))"
        )
        values += [f"%{query.lower()}%"] * 5  # type: ignore[list-item]
    found = db.rows(
        "SELECT a.id, a.at, a.actor, a.verb, a.object, a.title, a.before, a.after, s.name FROM activity a LEFT JOIN"
        " site s ON s.id = a.site_id"
        f" WHERE {' AND '.join(where)} ORDER BY a.id DESC LIMIT ?",
        *values,
        PAGE + 1,
    )
    # Shoppers are named as they are now, and not at all once they are erased: the log keeps no name of theirs.
    people = _people({row[2] for row in found} | {row[4] for row in found if row[4].startswith("shopper:")})
    acts = [(row[3], json.loads(row[6] or "{}"), json.loads(row[7] or "{}")) for row in found[:PAGE]]
    told = Recorded(acts)
    entries = [_entry(row, people, act, told) for row, act in zip(found, acts, strict=False)]
    return LogPage(days=_by_day(entries), further=found[PAGE - 1][0] if len(found) > PAGE else None)


# -- two people at one form -------------------------------------------------------------------------------------------


def latest(*things: str, verbs: tuple[str, ...] = (), site_id: int | None = None) -> int:
    """The number of the latest change to any of these things: what a form carries to notice the changes of others.

    `verbs` (beginnings of their names) and `site_id` leave out changes that do not concern the form.
    """
    row = _latest(things, verbs, site_id)
    return row[0] if row else 0


def meanwhile(seen: str | None, *things: str, verbs: tuple[str, ...] = (), site_id: int | None = None) -> str:
    """What somebody changed since the form with version `seen` was opened, in words; empty if nobody did."""
    row = _latest(things, verbs, site_id)
    if row is None or not seen or not seen.isdecimal() or int(seen) >= row[0]:
        return ""
    act = row[3], json.loads(row[6] or "{}"), json.loads(row[7] or "{}")
    entry = _entry(row, _people({row[2]}), act, Recorded([act]))
    changes = "; ".join(f"{name}: {before or '–'} → {after or '–'}" for name, before, after in entry.changes)
    return _(
        "While you were writing, %(who)s %(did)s (%(changes)s). What you wrote is still below; saving again puts it in"
        " place of that.",
        who=entry.actor,
        did=entry.sentence,
        changes=changes or i18n.when(entry.at, "short"),
    )


def _latest(things: tuple[str, ...], verbs: tuple[str, ...], site_id: int | None) -> db.Row | None:
    where, values = [f"a.object IN ({db.marks(things)})"], list[object](things)
    if verbs:
        where.append(f"({' OR '.join(['a.verb LIKE ?'] * len(verbs))})")
        values += [f"{verb}%" for verb in verbs]
    if site_id is not None:
        where.append("a.site_id = ?")
        values.append(site_id)
    return db.one(
        "SELECT a.id, a.at, a.actor, a.verb, a.object, a.title, a.before, a.after, s.name FROM activity a LEFT JOIN"
        f" site s ON s.id = a.site_id WHERE {' AND '.join(where)} ORDER BY a.id DESC LIMIT 1",
        *values,
    )


def _people(actors: set[str]) -> dict[str, str]:
    """Names of staff and shoppers, by the way the log names them."""
    staff = [int(actor[6:]) for actor in actors if actor.startswith("staff:") and actor[6:].isdigit()]
    shoppers = [int(actor[8:]) for actor in actors if actor.startswith("shopper:") and actor[8:].isdigit()]
    names = (
        {
            f"staff:{row[0]}": row[1] or row[2]
            for row in db.rows(f"SELECT id, name, email FROM staff WHERE id IN ({db.marks(staff)})", *staff)
        }
        if staff
        else {}
    )
    if shoppers:
        names |= {
            f"shopper:{row[0]}": row[1] or row[2]
            for row in db.rows(f"SELECT id, name, email FROM shopper WHERE id IN ({db.marks(shoppers)})", *shoppers)
        }
    return names


def _entry(row: db.Row, people: Mapping[str, str], act: Act, told: Recorded) -> LogEntry:
    _id, at, actor, verb, object_name, title, _before, _after, place = row
    name = _actor_name(actor, people)
    is_machine = not actor.startswith(("staff:", "shopper:"))
    return LogEntry(
        at=clock.instant(at),
        actor=name,
        initials=initials(name),
        is_machine=is_machine,
        icon="plug" if actor.startswith("plugin:") else "gear",
        sentence=sentence(verb, title or people.get(object_name) or object_name),
        place=place or "",
        changes=_changes(act, told),
    )


def sentence(verb: str, title: str) -> str:
    """What was done, in words: ours, or those that the plugin declares whose name begins the verb.

    A verb of a plugin that is gone says itself.
    """
    if (known := VERBS.get(verb)) is not None:
        return str(known) % {"title": title}
    name, _dot, act = verb.partition(".")
    loaded = installation().plugins.loaded.get(name)
    if loaded is not None and act in loaded.plugin.verbs:
        return i18n.of_plugin(name, loaded.plugin.verbs[act], title=title)
    return f"{verb.replace('.', ' · ').replace('_', ' ')}: {title}"


def field_words(name: str) -> str:
    """What a change is about, in words; the name as it is where we know none, such as that of a fact or a setting."""
    first, space, rest = name.partition(" ")
    return f"{FIELDS[first]}{space}{rest}" if first in FIELDS else name.replace("_", " ")


def who(actor: str) -> str:
    """The name of whoever acted, as the log shows it."""
    return _actor_name(actor, _people({actor}))


def _actor_name(actor: str, people: Mapping[str, str]) -> str:
    kind, _colon, rest = actor.partition(":")
    if kind == "plugin":
        loaded = installation().plugins.loaded.get(rest)
        return i18n.of_plugin(rest, str(loaded.plugin.title)) if loaded else rest
    if kind == "system":
        return _("The shop")
    return people.get(actor, actor)


def _changes(act: Act, told: Recorded) -> list[tuple[str, str, str]]:
    verb, before, after = act

    def said(name: str, value: Any) -> str:
        words = told.words(verb, name, value)
        return _shown(value) if words is None else words

    names = dict.fromkeys([*before, *after])
    return [
        (told.title(verb, name) or field_words(name), said(name, before.get(name)), said(name, after.get(name)))
        for name in names
    ]


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _by_day(entries: list[LogEntry]) -> list[tuple[str, list[LogEntry]]]:
    days: dict[str, list[LogEntry]] = {}
    for entry in entries:
        days.setdefault(i18n.day(entry.at), []).append(entry)
    return list(days.items())
