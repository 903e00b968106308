"""What a request gives for free, for mails, feeds and jobs: absolute links and rendered templates."""

from __future__ import annotations

from typing import Any

from core.hookspecs.site import Site
from core.kernel.i18n import language as present_language
from core.kernel.i18n import speaking, speaking_for
from core.kernel.installation import installation
from core.kernel.sites import state_of


def in_language(site: Site, tag: str, path: str) -> str:
    """The path of a page in a language: further languages of `site` live under their own prefix."""
    return f"/{tag.lower()}{path}" if tag != site.language and tag in site.languages else path


def link(site: Site, endpoint: str, *, language: str = "", **values: Any) -> str:
    """The absolute address of a page of `site`, in a further language under its prefix.

    BuildError for an unknown page.
    """
    prefix = in_language(site, language or present_language(), "/")
    adapter = state_of(site.id).runtime.url_map.bind(site.host, script_name=prefix)
    return site.origin + adapter.build(endpoint, values)


def render_outside(site: Site, template: str, language: str, **values: Any) -> str:
    """A template of the site's theme (or a plugin's own) rendered in `language` without a request.

    It knows `site`, `about`, `link(endpoint, ...)`, the formats (`money`, `date`, `when`) and what is handed over; what
    belongs to a request (`url_for`, `asset`, `slot`) it must not use.
    """
    state = state_of(site.id)

    def to(endpoint: str, **parts: Any) -> str:
        return link(site, endpoint, language=language, **parts)

    with speaking_for(site.id), speaking(language, site.timezone):
        environment = installation().themes.environment(site.theme)
        return str(environment.get_template(template).render(site=site, about=state.about, link=to, **values))
