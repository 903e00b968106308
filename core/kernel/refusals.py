"""What the database itself refuses, whoever asks: rows that only ever grow, and changes that must not happen.

Triggers, made by a migration beside its tables. A refusal arrives as `peewee.IntegrityError`, like that of a CHECK.
"""

from __future__ import annotations

from core.kernel import db

_FUNCTION = """CREATE OR REPLACE FUNCTION stoa_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION USING MESSAGE = TG_ARGV[0], ERRCODE = 'check_violation'; END $$"""


def only_grows(table: str) -> None:
    """Rows of `table` are added, and never changed or taken away."""
    says = f"{table} only grows"
    if db.is_sqlite():
        refuse(f"{table}_stays", table, "UPDATE", says)
        refuse(f"{table}_is_kept", table, "DELETE", says)
        # REPLACE takes a row away without asking the trigger above.
        refuse(f"{table}_is_no_other", table, "INSERT", says, when=f"NEW.id IN (SELECT id FROM {table})")
        return
    refuse(f"{table}_stays", table, "UPDATE OR DELETE", says)
    db.db.execute_sql(
        # Safe in SQL: a migration names the table.
        f"CREATE TRIGGER {table}_is_kept BEFORE TRUNCATE ON {table} FOR EACH STATEMENT"
        f" EXECUTE FUNCTION stoa_refuse('{says}')"
    )


def refuse(name: str, table: str, event: str, says: str, *, when: str = "") -> None:
    """Refuse an INSERT, UPDATE or DELETE of a row of `table`, where `when` (about OLD and NEW) is so."""
    condition = f" WHEN ({when})" if when else ""
    if db.is_sqlite():
        action = f"BEGIN SELECT RAISE(ABORT, '{says}'); END"
    else:
        db.db.execute_sql(_FUNCTION)
        action = f"EXECUTE FUNCTION stoa_refuse('{says}')"
    # Safe in SQL: a migration wrote every word of it.
    db.db.execute_sql(f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW{condition} {action}")
