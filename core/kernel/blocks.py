"""Blocks: the pieces that pages of text are made of, declared by plugins and shown by whichever plugin keeps pages.

Whoever keeps pages reads `plugin_blocks(site)`: so neither has to know the other. A block whose plugin is off is kept
as it was written, and not shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from core.hookspecs.site import Site, Slot
from core.kernel.answers import checked
from core.kernel.i18n import of_plugin
from core.kernel.installation import installation
from core.kernel.operations import plugins_on

if TYPE_CHECKING:
    from core.kernel.manifest import Plugin

FIELD_KINDS = ("line", "text", "rich", "choice", "picture", "products")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")
BlockValues = Mapping[str, Any]


class BlockField(Struct, frozen=True, kw_only=True):
    """What is asked of whoever writes a block; `label` and `help` are English msgids of the plugin's words.

    `kind` says what it holds: `line` a text in one line, `text` one with its line breaks, `rich` one with a small
    markup (beside it stands `<name>_html`, safe to show), `choice` one of `choices` (value, label), `picture` the id of
    a stored picture or 0, `products` a list of ids. `most` is the number of letters, or of products.
    """

    name: str
    label: str
    kind: str = "line"
    help: str = ""
    needed: bool = False
    most: int = 0
    choices: tuple[tuple[str, str], ...] = ()


class Block(Struct, frozen=True, kw_only=True):
    """A kind of block. `show(site, values)` answers its markup, with the tags and the end of its truth, or nothing.

    It is asked while a page is rendered, within a GET, in the language of the page: it reads, and never writes.
    `values` has an entry for every field. `json_ld(values)` answers what the block says as things of schema.org; of
    several with one `@type` the lists are joined. `plugin` is filled in by `plugin_blocks`.
    """

    kind: str
    title: str
    fields: tuple[BlockField, ...]
    show: Callable[[Site, BlockValues], Slot | None]
    icon: str = "text"
    json_ld: Callable[[BlockValues], tuple[Mapping[str, Any], ...]] = lambda _values: ()
    plugin: str = ""

    @property
    def name(self) -> str:
        """What a page stores of it."""
        return f"{self.plugin}.{self.kind}"


def plugin_blocks(site: Site) -> dict[str, Block]:
    """The kinds of blocks that the plugins of a site offer, by their full names, guarded: a failure leaves one out.

    No statement. Titles and labels are in the present language.
    """
    loaded = installation().plugins.loaded
    offered = (_spoken(name, block) for name in plugins_on(site) for block in loaded[name].plugin.blocks)
    return {block.name: block for block in offered}


def _spoken(plugin: str, block: Block) -> Block:
    fields = tuple(
        replace(
            one,
            label=of_plugin(plugin, one.label),
            help=of_plugin(plugin, one.help),
            choices=tuple((value, of_plugin(plugin, label)) for value, label in one.choices),
        )
        for one in block.fields
    )
    return replace(
        block, plugin=plugin, title=of_plugin(plugin, block.title), fields=fields, show=_guarded(plugin, block),
        json_ld=_guarded_facts(plugin, block),
    )  # fmt: skip


def _guarded(plugin: str, block: Block) -> Callable[[Site, BlockValues], Slot | None]:
    def show(site: Site, values: BlockValues) -> Slot | None:
        try:
            answer = block.show(site, values)
            return None if answer is None else checked(answer, Slot, asked=f"block {block.kind}")
        except (Exception, SystemExit) as error:  # noqa: BLE001 -- the guard: whatever a plugin does, the page stands
            installation().faults.report(site.id, plugin, f"block {block.kind}", error)
            return None

    return show


def _guarded_facts(plugin: str, block: Block) -> Callable[[BlockValues], tuple[Mapping[str, Any], ...]]:
    def json_ld(values: BlockValues) -> tuple[Mapping[str, Any], ...]:
        try:
            return tuple(block.json_ld(values))
        except (Exception, SystemExit) as error:  # noqa: BLE001 -- as above
            installation().faults.report(None, plugin, f"block {block.kind}", error)
            return ()

    return json_ld


def complaints(plugin: Plugin) -> Iterator[str]:
    """What is wrong with the blocks that a plugin declares, in words for its author."""
    kinds = [block.kind for block in plugin.blocks]
    if len(kinds) != len(set(kinds)):
        yield "two blocks have one kind"
    for block in plugin.blocks:
        names = [one.name for one in block.fields]
        if not _NAME.match(block.kind):
            yield f"block {block.kind!r}: its kind is small letters, digits and underscores"
        if len(names) != len(set(names)):
            yield f"block {block.kind}: two fields have one name"
        for one in block.fields:
            if one.kind not in FIELD_KINDS:
                yield f"block {block.kind}: field {one.name} is {one.kind!r}, not one of {', '.join(FIELD_KINDS)}"
            if not _NAME.match(one.name) or one.name.endswith("_html"):
                yield f"block {block.kind}: {one.name!r} is no name for a field"
