"""Every view of the panel, as one face: the nouns record theirs in the shell's set when they are imported."""

from __future__ import annotations

from werkzeug.local import LocalProxy

import core.panel.account.views
import core.panel.activity.views
import core.panel.categories.views
import core.panel.health.views
import core.panel.home.views
import core.panel.imports.views
import core.panel.jobs.views
import core.panel.media.views
import core.panel.orders.views
import core.panel.plugins.views
import core.panel.products.views
import core.panel.saved.views
import core.panel.search.views
import core.panel.shoppers.views
import core.panel.sites.views
import core.panel.staff.views
import core.panel.stock.views
import core.panel.theme.views  # noqa: F401 -- imported for what they record
from core.panel.saved.services import saved_views
from core.panel.services import sections
from core.panel.shell import panel, shell
from core.panel.shell.once import key_field

VIEWS = panel
# What templates of the panel know beside the kernel's names, in core's pages and in plugins'.
NAMES = {"shell": LocalProxy(shell), "panel_sections": sections, "saved_views": saved_views, "key_field": key_field}
