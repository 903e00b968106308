"""Sections: the cards that plugins add to core's pages of the panel. Each is guarded, so that the page stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from flask import Response, current_app, g, render_template, request
from markupsafe import Markup
from msgspec import Struct

from core.kernel import security
from core.kernel.i18n import of_plugin
from core.kernel.installation import installation
from core.kernel.manifest import PanelSection
from core.kernel.sites import current
from core.panel.shell import shell

Problems = Sequence[tuple[str, str]]
_pages: dict[str, Callable[[int], Response]] = {}


class ShownSection(Struct, frozen=True, kw_only=True):
    """A section as the page shows it. `html` None: its plugin failed. `id` is its anchor."""

    id: str
    title: str
    html: Markup | None


class _Refused(Struct, frozen=True):
    """A section's form that was refused in this request: what was typed, and what is wrong."""

    section: PanelSection
    values: Mapping[str, Any]
    problems: Problems


def shows_sections(place: str, view: Callable[[int], Response]) -> None:
    """Say which view shows the page of a place; it is shown again when a section's form is refused."""
    _pages[place] = view


def sections(place: str, object_id: int) -> list[ShownSection]:
    """The sections of the plugins that are on here, as far as this person may see them, in the order of their names."""
    return [
        ShownSection(
            id=section_id(plugin, section),
            title=of_plugin(plugin, section.title),
            html=_guarded(plugin, section, object_id),
        )
        for plugin, section in _declared(place)
        if shell().may(section.permission)
    ]


def _declared(place: str) -> Iterator[tuple[str, PanelSection]]:
    loaded, faults, site_id = installation().plugins.loaded, installation().faults, current().site.id
    for plugin in current().runtime.plugins:
        if not faults.is_pausing(site_id, plugin):
            for section in loaded[plugin].plugin.panel_sections:
                if section.place == place:
                    yield plugin, section


def section_id(plugin: str, section: PanelSection) -> str:
    """The anchor of a section on its page."""
    return f"{plugin}-{section.name}"


def _guarded(plugin: str, section: PanelSection, object_id: int) -> Markup | None:
    """The section's markup; None when its plugin failed, which is reported."""
    try:
        values = dict(section.values(current().site, object_id))
        if (refused := _refused()) is not None and refused.section is section:
            values.update(refused.values)
        return Markup(render_template(section.template, object_id=object_id, **values))  # noqa: S704 -- it escapes
    except (Exception, SystemExit) as error:  # noqa: BLE001 -- the guard: whatever a plugin does, the page stands
        what = f"panel section {section.place}"
        number = request.environ.get("stoa.request_id", "")
        installation().faults.report(current().site.id, plugin, what, error, number)
        return None


# -- refused forms -----------------------------------------------------------------------------------------------------


def section_refused(section: PanelSection, object_id: int, problems: Problems, **values: Any) -> Response:
    """Answer a section's POST that was refused: its page once more (422), with `values` over the section's own.

    `problems` are (id of the field, message), listed at the head of the page.
    """
    page = _pages[section.place]
    app: Any = current_app
    security.check_access(page, app.identify, current().site.id)
    g.panel_refused = _Refused(section, values, problems)
    response = page(object_id)
    response.status_code = 422
    return response


def section_problems() -> Problems:
    """What is wrong with the section's form that was refused in this request."""
    refused = _refused()
    return refused.problems if refused else ()


def _refused() -> _Refused | None:
    found: _Refused | None = g.get("panel_refused")
    return found
