"""All sites as a page of one of them sees them."""

from __future__ import annotations

from flask import request

from core.hookspecs.site import Site
from core.kernel import i18n
from core.kernel.installation import installation
from core.kernel.kept import once_a_look
from core.kernel.outside import in_language
from core.kernel.sites import current


def there(site: Site, path: str) -> str:
    """The address of a page of the panel, as `url_for` gives it here, in the panel of `site`."""
    if site.id == current().site.id:
        return path
    return site.origin + in_language(site, i18n.language(), path.removeprefix(request.script_root))


def every_site() -> list[Site]:
    """All sites in their order; asked once a look."""
    return once_a_look(("every_site",), lambda: [state.site for state in installation().sites.all()])


def languages(site: Site) -> list[str]:
    """The languages to write in: this site's, then those of the other sites."""
    every = [tag for known in every_site() for tag in known.languages]
    return list(dict.fromkeys([*site.languages, *every]))
