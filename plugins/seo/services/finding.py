"""What was found to mend: gathered with a limit, stored in place of what was found before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec import Struct

from core.api import Site, now, transaction
from plugins.seo.models import SeoFinding, SeoRun

MOST = 200
"""So many of a code are stored; of all others only the number is."""
AUDIT, GOOGLE, META = "audit", "google", "meta"
PICTURE = "picture"


class Found(Struct, frozen=True, kw_only=True):
    """Something to mend on the page of `object_id`, with its name; `detail` says more, such as the other page."""

    code: str
    kind: str
    object_id: int
    language: str
    name: str
    detail: str = ""


class Findings:
    """What a look finds: how often each code, and the first of each."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.kept: list[Found] = []
        self.seen = 0

    def add(self, found: Found) -> None:
        """One more."""
        self.counts[found.code] += 1
        if self.counts[found.code] <= MOST:
            self.kept.append(found)


def store(site: Site, about: str, findings: Findings) -> None:
    """Put what was found in place of what was found before. Commits."""
    with transaction():
        SeoFinding.delete().where(SeoFinding.site_id == site.id, SeoFinding.about == about).execute()
        for found in findings.kept:
            SeoFinding.create(
                site_id=site.id,
                about=about,
                code=found.code,
                kind=found.kind,
                object_id=found.object_id,
                language=found.language,
                name=found.name[:255],
                detail=found.detail[:500],
            )
        SeoRun.delete().where(SeoRun.site_id == site.id, SeoRun.about == about).execute()
        SeoRun.create(site_id=site.id, about=about, at=now(), seen=findings.seen, counts=dict(findings.counts))


class Group(Struct, frozen=True, kw_only=True):
    """The findings of one code; `count` is of all, `rows` the first of them."""

    code: str
    count: int
    rows: Sequence[SeoFinding]


def last_run(site: Site, about: str) -> SeoRun | None:
    """When a site was last looked at; None: never."""
    run: SeoRun | None = SeoRun.for_site(site).where(SeoRun.about == about).first()
    return run


def groups(site: Site, about: str, run: SeoRun | None, order: Iterable[str]) -> list[Group]:
    """What the last look found, by code, in this order; one statement."""
    if run is None or not run.counts:
        return []
    by_code: dict[str, list[SeoFinding]] = {}
    for row in SeoFinding.for_site(site).where(SeoFinding.about == about).order_by(SeoFinding.id):
        by_code.setdefault(row.code, []).append(row)
    known = list(order)
    codes = sorted(run.counts, key=lambda code: known.index(code) if code in known else len(known))
    return [Group(code=code, count=run.counts[code], rows=by_code.get(code, ())) for code in codes]
