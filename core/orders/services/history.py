"""Past orders from a file: with their dates, lines, returns and credits, but without mails, events or moves of stock.

Reading a file again changes nothing: every document is known by its number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from core.hookspecs.site import Site
from core.imports.models import HISTORY, ImportRun
from core.imports.services.kept_files import RemarksFile
from core.imports.services.rows import Problem
from core.imports.services.running import batches, count, touch
from core.kernel import db
from core.kernel.i18n import gettext as _
from core.kernel.i18n import ngettext
from core.lib.money import Money
from core.orders.services import history_remarks as remarks
from core.orders.services.file_rows import OpenFile
from core.orders.services.file_runs import Deal, deals_with
from core.orders.services.history_rows import PastDocument, ReadDocument
from core.orders.services.history_writing import (
    LONGEST_NUMBER,
    Tally,
    Writing,
    credit_number,
    says_nothing,
    tally,
    write,
)
from core.orders.services.store import FIRST_NUMBER

_AT_ONCE = 500


@deals_with(HISTORY)
def _deal(site: Site, file: OpenFile[ReadDocument], told: RemarksFile) -> Deal:
    return lambda run, batch: db.retrying(lambda: _store(site, run, batch, told, file.shown))


# -- a batch -----------------------------------------------------------------------------------------------------------


class _Judged(Struct):
    """What becomes of a batch: the documents that come in, each with its number here, and the remarks about others."""

    fresh: list[tuple[PastDocument, str]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)
    empty: int = 0


def _store(
    site: Site, run: ImportRun, batch: Sequence[ReadDocument], told: RemarksFile, shown: Mapping[str, str]
) -> None:
    """A batch with all that belongs to it, or nothing of it; of a rehearsal only what would become of it."""
    with db.transaction():
        touch(run)
        if not run.dry_run:
            _wait_for_numbers(site)
        judged = _judge(site, run.prefix, batch, shown)
        sums = tally_of(run.sums)
        sums.empty += judged.empty
        if run.dry_run:
            for one, _number in judged.fresh:
                tally(sums, one)
        elif judged.fresh:
            skus = _variants([one for one, _number in judged.fresh])
            writing = Writing(site=site, run_id=run.id, actor=run.actor, skus=skus, tally=sums)
            for one, number in judged.fresh:
                write(writing, one, number)
            _go_on_above(site, [number for _one, number in judged.fresh])
        judged.counted["created"] += len(judged.fresh)
        ImportRun.update(sums=_as_json(sums)).where(ImportRun.site_id == site.id, ImportRun.id == run.id).execute()
        count(run, batch[-1].line, told, judged.problems, done=len(batch), **judged.counted)


def _wait_for_numbers(site: Site) -> None:
    """Nobody gets a number of this site until the commit, so that none is given out that a document has."""
    db.execute(
        "INSERT INTO order_counter (site_id, last) VALUES (?, ?) ON CONFLICT (site_id) DO UPDATE SET last ="
        " order_counter.last",
        site.id, FIRST_NUMBER - 1,
    )  # fmt: skip


def _go_on_above(site: Site, numbers: Sequence[str]) -> None:
    """The shop's own numbers go on above those that it brings along."""
    plain = [int(one) for one in numbers if one.isascii() and one.isdecimal() and len(one) < 10]
    if plain:
        db.execute("UPDATE order_counter SET last = ? WHERE site_id = ? AND last < ?", max(plain), site.id, max(plain))


def _judge(site: Site, prefix: str, batch: Sequence[ReadDocument], shown: Mapping[str, str]) -> _Judged:
    """Which documents come in. Two statements."""
    judged = _Judged(problems=[problem for one in batch for problem in one.problems])
    judged.counted["refused"] = sum(one.document is None for one in batch)
    numbered = [(one.document, f"{prefix}{one.number}") for one in batch if one.document is not None]
    known = _known(site, "order_import", [number for _one, number in numbered])
    taken = _known(site, "orders", [name for _one, number in numbered for name in (number, credit_number(number))])
    for one, number in numbered:
        if says_nothing(one):
            judged.empty += 1
        elif number in known:
            judged.counted["unchanged"] += 1
        elif problem := _refusal(site, one, number, taken, shown):
            judged.problems.append(problem)
            judged.counted["refused"] += 1
        else:
            judged.fresh.append((one, number))
            taken |= {number, credit_number(number)}
    return judged


def _known(site: Site, table: str, numbers: Sequence[str]) -> set[str]:
    if not numbers:
        return set()
    return {
        row[0]
        for row in db.rows(
            f"SELECT number FROM {table} WHERE site_id = ? AND number IN ({db.marks(numbers)})", site.id, *numbers
        )
    }


def _refusal(site: Site, one: PastDocument, number: str, taken: set[str], shown: Mapping[str, str]) -> Problem | None:
    if len(number) > LONGEST_NUMBER:
        said, column, params = remarks.LONG_NUMBER, "number", {"most": str(LONGEST_NUMBER)}
    elif one.currency not in site.currencies:
        said, column, params = remarks.OTHER_CURRENCY, "currency", {"currency": one.currency}
    elif taken & {number, credit_number(number)}:
        said, column, params = remarks.TAKEN, "number", {"number": number}
    else:
        return None
    return Problem(line=one.line, column=shown.get(column, column), said=said, params=params)


def _variants(batch: Sequence[PastDocument]) -> dict[str, tuple[int, int]]:
    """(variant, product) of the SKUs that are known here, some at a time: a statement takes a limited number."""
    skus = sorted({line.sku for one in batch for line in one.lines})
    found: dict[str, tuple[int, int]] = {}
    for part in batches(skus, _AT_ONCE):
        for sku, variant_id, product_id in db.rows(
            f"SELECT sku, id, product_id FROM variant WHERE sku IN ({db.marks(part)}) AND deleted_at IS NULL", *part
        ):
            found[sku] = (variant_id, product_id)
    return found


# -- sums --------------------------------------------------------------------------------------------------------------


def tally_of(sums: Mapping[str, Any]) -> Tally:
    """What a run has brought in so far, or would."""
    counts = {name: int(sums.get(name, 0)) for name in ("orders", "credits", "lines", "empty")}
    return Tally(**counts, sold=Counter(sums.get("sold", {})), credited=Counter(sums.get("credited", {})))


def _as_json(sums: Tally) -> dict[str, Any]:
    return {
        "orders": sums.orders, "credits": sums.credits, "lines": sums.lines, "empty": sums.empty,
        "sold": dict(sums.sold), "credited": dict(sums.credited),
    }  # fmt: skip


def said(sums: Tally) -> list[str]:
    """What came in, in words."""
    return [
        ngettext("%(n)s order with what was sold", "%(n)s orders with what was sold", sums.orders),
        ngettext("%(n)s credit or return", "%(n)s credits and returns", sums.credits),
        ngettext("%(n)s line in all", "%(n)s lines in all", sums.lines),
        *(_("sold: %(amount)s", amount=amount) for amount in amounts(sums.sold)),
        *(_("given back: %(amount)s", amount=amount) for amount in amounts(sums.credited)),
    ]


def amounts(sums: Mapping[str, int]) -> list[str]:
    """Each sum with its currency, as files have it."""
    return [f"{Money(amount, code).decimal} {code}" for code, amount in sorted(sums.items())]
