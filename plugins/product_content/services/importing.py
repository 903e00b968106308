"""Content from a file: for many products at once, as it comes out of another program."""

from __future__ import annotations

from pathlib import Path

import msgspec

from core.api import Refused, Site, Unfit, labelled, products_by_sku, say
from core.api import gettext as _
from plugins.product_content.forms import KINDS, ProductContent
from plugins.product_content.services.downloads import Upload, add_download
from plugins.product_content.services.reading import PRODUCT
from plugins.product_content.services.related import save_related
from plugins.product_content.services.sizes import save_sizes
from plugins.product_content.services.specs import save_specs


class SizeTable(msgspec.Struct, frozen=True, kw_only=True):
    """A table of sizes in one language, its cells parted by tabs, and the note below it."""

    table: str
    note: str = ""


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A download; `path` is beside the file that names it. `language` empty: for readers of all."""

    path: str
    title: str = ""
    language: str = ""


class Product(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a file says of the product of an SKU; what it does not name stays as it is. Texts by language."""

    sku: str
    specs: dict[str, str] | None = None
    sizes: dict[str, SizeTable] | None = None
    related: dict[str, list[str]] | None = None
    files: list[File] = []


_PRODUCTS = msgspec.json.Decoder(list[Product])


class NotThatShape(Refused):
    """A file that is no list of products as this plugin writes it down in its README."""

    status = 422
    code = "not_that_shape"
    default_message = "This file cannot be read: %(why)s"


def import_file(site: Site, path: Path, *, actor: str) -> tuple[int, list[str]]:
    """Take the products of a JSON file; answers how many, and in words what could not be taken. Commits for each.

    Raises NotThatShape, OSError.
    """
    try:
        found = _PRODUCTS.decode(path.read_bytes())
    except msgspec.MsgspecError as error:
        raise NotThatShape(why=str(error)) from error
    ids = products_by_sku([one.sku for one in found])
    taken, wrong = 0, []
    for one in found:
        if one.sku not in ids:
            wrong.append(labelled(one.sku, _("There is no product with this SKU.")))
            continue
        try:
            _take(site, ids[one.sku], one, path.parent, actor)
            taken += 1
        except Unfit as error:
            wrong += [labelled(one.sku, labelled(field, message)) for field, message in error.errors.items()]
        except Refused as error:
            wrong.append(labelled(one.sku, say(error)))
    return taken, wrong


def _take(site: Site, product_id: int, one: Product, folder: Path, actor: str) -> None:
    if one.specs is not None:
        save_specs(site, product_id, one.specs, actor=actor)
    if one.sizes is not None:
        typed = {tag: (said.table, said.note) for tag, said in one.sizes.items()}
        save_sizes(site, PRODUCT, product_id, typed, actor=actor)
    if one.related is not None:
        lists = {kind: " ".join(one.related.get(kind, [])) for kind in KINDS}
        save_related(site, product_id, lists, actor=actor)
    for file in one.files:
        with (folder / file.path).open("rb") as stream:
            upload = Upload(stream=stream, filename=Path(file.path).name, title=file.title, language=file.language)
            add_download(site, product_id, upload, most_mb=ProductContent.of(site).most_mb, actor=actor)
