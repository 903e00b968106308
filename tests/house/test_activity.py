"""What the activity log keeps, it can say: every verb and field that anybody records has words, in Chinese too."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.kernel.manifest import Plugin
from core.kernel.plugins import Registry
from core.panel.activity.services.words import FIELDS, VERBS
from core.testing.texts import sources
from tests.house.test_translations import msgids

pytestmark = pytest.mark.once
# Where the verb is not written at the call: what it can be there.
COMPUTED = {
    "core/accounts/services/factor.py": {
        f"{who}.{what}"
        for who in ("staff", "shopper")
        for what in ("factor_on", "factor_off", "factor_codes", "passkey_added", "passkey_removed")
    },
    "core/catalogue/services/categories.py": {"category.deleted", "category.restored"},
    "core/catalogue/services/locations.py": {
        "location.added",
        "location.changed",
        "location.ordered",
        "location.closed",
        "location.opened",
    },
    "core/orders/services/file_runs.py": {"orders.imported", "orders.history_imported"},
    "core/orders/services/exchange.py": {"exchange held", "exchange let_go", "exchange sent"},
    "core/catalogue/services/products.py": {"product.archived", "product.restored"},
    "core/catalogue/services/slugs.py": {"product.address", "category.address"},
    "core/catalogue/services/stock_counts.py": {
        "stock.adjust",
        "stock.count",
        "stock.expect",
        "stock.receive",
        "stock.sort",
    },
    "core/kernel/jobs.py": {"job.dropped", "job.kept"},
    "core/kernel/switch.py": {"plugin.on", "plugin.off", "plugin.draining", "plugin.paused"},
    "core/orders/services/carry_over.py": {"split", "merged"},
    "core/orders/services/case.py": {
        f"{kind} {step}"
        for kind in ("return", "exchange", "claim")
        for step in ("requested", "approved", "declined", "withdrawn", "received", "inspected", "resolved")
    },
    "core/orders/services/holds.py": {"hold", "approve"},
    "core/orders/services/payments.py": {"capture", "void", "refund"},
    "core/orders/services/picked.py": {"picked", "unpicked"},
    "plugins/coupons/services/editing.py": {"coupons.saved", "coupons.codes_made", "coupons.switched"},
    "plugins/documents/services/issuing.py": {"documents.invoice", "documents.credit_note"},
    "plugins/flat_rate/services.py": {"flat_rate.saved", "flat_rate.removed", "flat_rate.restored"},
    "plugins/pages/services/panel/finding.py": {
        f"pages.{act}"
        for act in ("created", "saved", "published", "hidden", "discarded", "brought_back", "removed", "restored")
    },
    "plugins/pickup/services.py": {"pickup.saved", "pickup.removed", "pickup.restored"},
    "plugins/product_content/services/keeping.py": {
        f"product_content.{what}" for what in ("specs", "related", "download")
    },
    "plugins/reviews/services/changing.py": {
        f"reviews.{act}"
        for act in ("written", "edited", "taken_back", "approved", "rejected", "removed", "restored", "erased")
    },
    "plugins/reviews/services/importing.py": {"reviews.imported"},
    "plugins/reviews/services/moderating.py": {"reviews.answered"},
    "plugins/sale_prices/services/editing.py": {
        f"sale_prices.{act}" for act in ("saved", "ended", "copied", "removed", "restored", "imported")
    },
    "plugins/seo/services/redirects.py": {"seo.redirects", "seo.redirect_removed"},
    "plugins/seo/services/rules.py": {"seo.words", "seo.shop", "seo.feeds", "seo.page"},
    "plugins/table_rate/services/editing.py": {
        f"table_rate.{what}_{act}" for what in ("zone", "method") for act in ("saved", "removed", "restored")
    },
    "plugins/webhooks/services/endpoints.py": {
        f"webhooks.{act}"
        for act in ("added", "edited", "secret_made", "secret_ended", "paused", "resumed", "deleted", "restored")
    },
}


def recorded(root: Path) -> Iterator[tuple[str, ast.Call]]:
    """(path, call) of everything that is written to the log."""
    for top in ("core", "plugins"):
        for path in sources(root / top, "*.py"):
            text = path.read_text("utf-8")
            if "record_activity(" not in text and "activity.record(" not in text:
                continue
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in {"activity.record", "record_activity"}:
                    yield str(path.relative_to(root)), node


def verbs_of(call: ast.Call) -> set[str]:
    """The verbs that are written at the call; none where it is computed."""
    verb = call.args[1]
    choices = [verb.body, verb.orelse] if isinstance(verb, ast.IfExp) else [verb]
    return {one.value for one in choices if isinstance(one, ast.Constant) and isinstance(one.value, str)}


def fields_of(call: ast.Call) -> set[str]:
    """The names of fields that are written at the call."""
    told = [keyword.value for keyword in call.keywords if keyword.arg in {"before", "after"}]
    return {
        key.value
        for one in told
        if isinstance(one, ast.Dict)
        for key in one.keys
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    }


def in_words(verb: str, plugins: dict[str, Plugin]) -> bool:
    name, _dot, act = verb.partition(".")
    return verb in VERBS or (name in plugins and act in plugins[name].verbs)


def said_by_plugin(path: str, name: str, plugins: dict[str, Plugin]) -> bool:
    top, plugin, *_rest = Path(path).parts
    return top == "plugins" and plugin in plugins and name in plugins[plugin].recorded


def titles(plugin: Plugin) -> set[str]:
    return {one.title for one in plugin.recorded.values()}


@pytest.fixture(scope="module")
def plugins(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Plugin]:
    registry = Registry(tmp_path_factory.mktemp("none"))
    registry.discover()
    return {name: loaded.plugin for name, loaded in registry.loaded.items()}


def test_every_verb_has_words(house: Path, plugins: dict[str, Plugin]) -> None:
    wordless = []
    for path, call in recorded(house):
        verbs = verbs_of(call) or COMPUTED.get(path, set())
        assert verbs, f"{path}:{call.lineno}: say in COMPUTED which verbs {ast.unparse(call.args[1])} can be"
        wordless += [f"{path}:{call.lineno}: {verb}" for verb in sorted(verbs) if not in_words(verb, plugins)]
    assert wordless == []


def test_every_field_of_a_change_has_words(house: Path, plugins: dict[str, Plugin]) -> None:
    wordless = [
        f"{path}:{call.lineno}: {name}"
        for path, call in recorded(house)
        for name in sorted(fields_of(call))
        if name.partition(" ")[0] not in FIELDS and not said_by_plugin(path, name, plugins)
    ]
    assert wordless == []


def test_what_plugins_say_of_their_acts_is_translated_by_them(house: Path, plugins: dict[str, Plugin]) -> None:
    lost = [
        f"{name}: {text!r}"
        for name, plugin in plugins.items()
        if plugin.verbs or plugin.recorded
        for text in sorted(
            {*plugin.verbs.values(), *(one.title for one in plugin.recorded.values())}
            - msgids(house / "plugins" / name)
        )
    ]
    assert lost == []


def test_the_rules_notice_a_breach(tmp_path: Path) -> None:
    folder = tmp_path / "core"
    folder.mkdir()
    (folder / "services.py").write_text('activity.record(actor, "shop.hidden", "x", after={"colour": 1})\n', "utf-8")
    (tmp_path / "plugins").mkdir()
    ((_path, call),) = recorded(tmp_path)
    assert verbs_of(call) == {"shop.hidden"}
    assert not in_words("shop.hidden", {})
    assert fields_of(call) - FIELDS.keys() == {"colour"}
