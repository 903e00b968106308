"""Sites, plugins, sessions, events, jobs and what else the machinery keeps."""

from __future__ import annotations

from typing import Any

from core.kernel import (
    activity,
    attempts,
    cache,
    events,
    faults,
    jobs,
    measures,
    repeats,
    sessions,
    sites,
    theme_drafts,
    theme_versions,
)

TABLES = (
    sites.SiteRow,
    sites.SiteDomain,
    sites.SitePlugin,
    sites.PluginDefault,
    sites.Epoch,
    sessions.Session,
    events.Outbox,
    events.Counter,
    jobs.Job,
    repeats.DoneForm,
    attempts.Attempt,
    activity.Activity,
    cache.TagVersion,
    faults.PluginFault,
    measures.Measure,
    theme_drafts.ThemeDraft,
    theme_drafts.ThemeStep,
    theme_versions.ThemeVersion,
)


def up(migrator: Any, db: Any) -> None:
    """Create the tables, and the one row of the epoch."""
    del migrator
    db.create_tables(TABLES)
    db.execute_sql("INSERT INTO epoch (n, touched) VALUES (1, 1)")
