"""How often redirects are used and which addresses are asked for in vain: gathered in memory, stored by a job."""

from __future__ import annotations

import re
import threading
from collections import Counter
from datetime import timedelta

from core.api import Site, execute, micros, now, transaction, value

MOST_PATHS, MOST_STORED, KEPT = 500, 1000, timedelta(days=90)
# What programs that look for holes ask every shop for; nobody would redirect it.
_PROBE = re.compile(r"\.(php\d?|asp|aspx|jsp|cgi|env|git|sql|bak|ini|yml|xml|map|js|css|png|jpg|ico)\b|/\.|wp-|//")


class Counts:
    """What this process counted and has not stored yet. Safe among threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hits: Counter[tuple[int, int]] = Counter()
        self._missed: Counter[tuple[int, str]] = Counter()

    def hit(self, site_id: int, redirect_id: int) -> None:
        """A redirect was followed."""
        with self._lock:
            self._hits[site_id, redirect_id] += 1

    def missed(self, site_id: int, path: str) -> None:
        """Somebody asked for what is not there. Of very many different addresses, later ones are not counted."""
        if len(path) > MOST_PATHS or _PROBE.search(path):
            return
        with self._lock:
            if (site_id, path) in self._missed or len(self._missed) < MOST_PATHS:
                self._missed[site_id, path] += 1

    def waiting(self, site: Site) -> dict[int, int]:
        """Hits of a site's redirects that are not stored yet."""
        with self._lock:
            return {redirect_id: count for (site_id, redirect_id), count in self._hits.items() if site_id == site.id}

    def flush(self, site: Site) -> None:
        """Store what was counted of a site: one transaction, or none where nothing was. Commits."""
        with self._lock:
            hits = {key: self._hits.pop(key) for key in [key for key in self._hits if key[0] == site.id]}
            missed = {key: self._missed.pop(key) for key in [key for key in self._missed if key[0] == site.id]}
        if not hits and not missed:
            return
        try:
            with transaction():
                _store(site, hits, missed)
        except Exception:  # whatever the database says: nothing counted is lost, the next flush tries again
            with self._lock:
                self._hits.update(hits)
                self._missed.update(missed)
            raise


COUNTS = Counts()


def _store(site: Site, hits: dict[tuple[int, int], int], missed: dict[tuple[int, str], int]) -> None:
    at = micros(now())
    for (_site, redirect_id), count in sorted(hits.items()):
        sql = "UPDATE seo_redirect SET hits = hits + ?, hit_at = ? WHERE id = ? AND site_id = ?"
        execute(sql, count, at, redirect_id, site.id)
    for (_site, path), count in sorted(missed.items()):
        execute(
            "INSERT INTO seo_missed (site_id, path, hits, hit_at) VALUES (?, ?, ?, ?) ON CONFLICT (site_id, path)"
            " DO UPDATE SET hits = seo_missed.hits + excluded.hits, hit_at = excluded.hit_at",
            site.id,
            path,
            count,
            at,
        )


def forget_missed(site: Site) -> None:
    """Forget addresses that nobody asks for any more, and all but the most wanted ones. Commits."""
    with transaction():
        execute("DELETE FROM seo_missed WHERE site_id = ? AND hit_at < ?", site.id, micros(now() - KEPT))
        least = value(
            "SELECT hits FROM seo_missed WHERE site_id = ? ORDER BY hits DESC LIMIT 1 OFFSET ?", site.id, MOST_STORED
        )
        if least is not None:
            execute("DELETE FROM seo_missed WHERE site_id = ? AND hits <= ?", site.id, least)
