"""Redirects: where an old address leads, and their list in the panel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO

from core.api import (
    Elsewhere,
    NotFound,
    Refused,
    Site,
    execute,
    micros,
    now,
    one,
    open_rows,
    record_activity,
    rows,
    transaction,
)
from plugins.seo.forms.addresses import Problem, Wanted, circle, normal, read_file
from plugins.seo.models import SeoMissed, SeoRedirect
from plugins.seo.services.counting import COUNTS
from plugins.seo.services.rules import PLUGIN

PAGE = 100


class InACircle(Refused):
    """A redirect that would lead back to where it began."""

    code = "in_a_circle"
    default_message = "This would lead in a circle: %(way)s."


class WrongFile(Refused):
    """A file of redirects with mistakes; nothing of it was taken."""

    code = "wrong_file"
    default_message = "The file has mistakes. Nothing was taken."

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__()
        self.problems = problems


def elsewhere(site: Site, path: str) -> Elsewhere | None:
    """Where a page that is not there has gone; counted in memory. One statement, on pages that are not found only."""
    wanted = normal(path)
    found = one("SELECT id, target FROM seo_redirect WHERE site_id = ? AND source = ?", site.id, wanted)
    if found is None:
        COUNTS.missed(site.id, wanted)
        return None
    COUNTS.hit(site.id, found[0])
    return Elsewhere(target=found[1])


def add(site: Site, wanted: Wanted, *, actor: str) -> None:
    """Add one redirect, or let it lead elsewhere. Raises InACircle. Commits."""
    take(site, [wanted], actor=actor)


def take(site: Site, wanted: Sequence[Wanted], *, actor: str) -> None:
    """Add these redirects; those of known addresses lead elsewhere from now on. Raises InACircle. Commits."""
    with transaction():
        known = _routes(site)
        routes = known | {one.source: one.target for one in wanted}
        for new in wanted:
            if way := circle(new.source, routes):
                raise InACircle(way=" → ".join(way))
        at = micros(now())
        for new in wanted:
            _store(site, new, at)
        sources = [new.source for new in wanted]
        SeoMissed.delete().where(SeoMissed.site_id == site.id, SeoMissed.path.in_(sources[:PAGE])).execute()
        title = sources[0] if len(sources) == 1 else ""
        record_activity(
            actor, f"{PLUGIN}.redirects", f"site:{site.id}", before={"redirects": len(known)},
            after={"redirects": len(routes)}, site_id=site.id, title=title,
        )  # fmt: skip


def _store(site: Site, new: Wanted, at: int) -> None:
    execute(
        "INSERT INTO seo_redirect (site_id, source, target, created_at, hits) VALUES (?, ?, ?, ?, 0)"
        " ON CONFLICT (site_id, source) DO UPDATE SET target = excluded.target",
        site.id,
        new.source,
        new.target,
        at,
    )


def _routes(site: Site) -> dict[str, str]:
    return dict(rows("SELECT source, target FROM seo_redirect WHERE site_id = ?", site.id))


def take_file(site: Site, stream: BinaryIO, *, actor: str) -> int:
    """Carry a file of redirects in, all of it or nothing. Raises WrongFile, InACircle, UnreadableFile. Commits."""
    with open_rows(stream) as read:
        wanted, problems = read_file(read, site)
    if problems:
        raise WrongFile(problems)
    if wanted:
        take(site, wanted, actor=actor)
    return len(wanted)


def remove(site: Site, redirect_id: int, *, actor: str) -> Wanted:
    """Take a redirect away; answers it, so that it can be brought back. Raises NotFound. Commits."""
    with transaction():
        found = SeoRedirect.for_site(site).where(SeoRedirect.id == redirect_id).first()
        if found is None:
            raise NotFound
        found.delete_instance()
        record_activity(
            actor, f"{PLUGIN}.redirect_removed", f"redirect:{redirect_id}", site_id=site.id, title=found.source
        )
    return Wanted(found.source, found.target)


def listed(site: Site, words: str = "", after: str = "") -> tuple[list[SeoRedirect], str]:
    """A page of redirects in the order of their addresses, and where the next one begins; hits of this process too."""
    query = SeoRedirect.for_site(site).order_by(SeoRedirect.source).limit(PAGE + 1)
    if words:
        query = query.where(SeoRedirect.source.contains(words) | SeoRedirect.target.contains(words))
    if after:
        query = query.where(SeoRedirect.source > after)
    found, waiting = list(query), COUNTS.waiting(site)
    for redirect in found:
        redirect.hits += waiting.get(redirect.id, 0)
    return found[:PAGE], found[PAGE - 1].source if len(found) > PAGE else ""


def missed(site: Site, most: int = 20) -> list[SeoMissed]:
    """The addresses that are most often asked for in vain."""
    return list(SeoMissed.for_site(site).order_by(SeoMissed.hits.desc(), SeoMissed.id).limit(most))


def elsewhere_known(site: Site, path: str) -> bool:
    """Whether a redirect of this site leads on from a path; nothing is counted."""
    found = one("SELECT target FROM seo_redirect WHERE site_id = ? AND source = ?", site.id, normal(path))
    return found is not None and bool(found[0])
