"""The second factor of staff: an authenticator app, and recovery codes. Each code is taken once, also under a race."""

from __future__ import annotations

import base64
import secrets as random
from dataclasses import dataclass

from itsdangerous import BadSignature, URLSafeTimedSerializer

from core.accounts.models import Staff
from core.accounts.services import get_staff
from core.kernel import activity, db, limits, secrets, sessions
from core.lib import clock, ids, totp
from core.lib.errors import NotFound, Refused
from core.panel.models import RecoveryCode, SecondFactor

RECOVERY_CODES = 10
_TICKET_S = 600
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
limits.add("second_factor", limits.Rule(address="30 per minute; 200 per hour", subject="10 per 10 minutes; 60 per day"))


class WrongCode(Refused):
    """No code of this moment, one that was used before, or no recovery code that is left."""

    status = 422
    code = "wrong_code"
    default_message = "This code is not right, or it was used before. Wait for the next one."

    def __init__(self) -> None:
        super().__init__(field="code")


class TicketOver(Refused):
    """The password was given too long ago, or has been changed since."""

    status = 422
    code = "ticket_over"
    default_message = "That took too long. Sign in once more."


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """The state of somebody's second factor. `key` and `address` are there until it is confirmed, and never after."""

    is_on: bool
    key: str = ""
    address: str = ""
    codes_left: int = 0


def factor(person: Staff, issuer: str) -> Factor:
    """How it stands with this person; two statements."""
    row = _row(person.id)
    if row is None:
        return Factor(is_on=False)
    if row.confirmed_at is None:
        secret = _secret(row)
        key = totp.key_text(secret)
        grouped = " ".join(key[at : at + 4] for at in range(0, len(key), 4))
        return Factor(is_on=False, key=grouped, address=totp.address(secret, account=person.email, issuer=issuer))
    left = db.value("SELECT COUNT(*) FROM recovery_code WHERE staff_id = ? AND used_at IS NULL", person.id)
    return Factor(is_on=True, codes_left=int(left))


def is_asked(person: Staff) -> bool:
    """Whether this person must give a code to sign in."""
    row = _row(person.id)
    return row is not None and row.confirmed_at is not None


def begin(person: Staff) -> None:
    """Make a new secret that waits to be confirmed; one that is confirmed stays. Commits."""
    with db.transaction():
        row = _row(person.id)
        if row is not None and row.confirmed_at is not None:
            return
        SecondFactor.delete().where(SecondFactor.staff_id == person.id).execute()
        SecondFactor.create(staff_id=person.id, nonce=ids.token(), created_at=clock.now())


def confirm(person: Staff, code: str) -> list[str]:
    """Switch it on by a first code; ends all other sessions. Answers the recovery codes. Raises WrongCode. Commits."""
    limits.take("second_factor", f"staff:{person.id}")
    row = _row(person.id)
    if row is None or row.confirmed_at is not None:
        raise NotFound
    step = totp.matching_step(_secret(row), code, clock.now())
    if step is None:
        raise WrongCode
    with db.transaction():
        found = db.execute(
            "UPDATE second_factor SET confirmed_at = ?, last_step = ? WHERE id = ? AND confirmed_at IS NULL",
            clock.now_us(),
            step,
            row.id,
        )
        if not found:
            raise WrongCode
        sessions.end_sessions(staff_id=person.id)
        activity.record(f"staff:{person.id}", "staff.factor_on", f"staff:{person.id}", title=person.email)
        return _new_codes(person.id)


def check(person: Staff, code: str) -> None:
    """Take a code of the app or a recovery code, once and for all. Raises WrongCode, TooMany. Commits."""
    limits.take("second_factor", f"staff:{person.id}")
    row = _row(person.id)
    if row is None or row.confirmed_at is None:
        raise NotFound
    step = totp.matching_step(_secret(row), code, clock.now())
    with db.transaction():
        taken = _take_step(row.id, step) if step is not None else _take_recovery(person.id, code)
        if not taken:
            raise WrongCode


def _take_step(row_id: int, step: int) -> bool:
    """The guard against a code used twice: a step is taken only once, and none before it any more."""
    found = db.execute("UPDATE second_factor SET last_step = ? WHERE id = ? AND last_step < ?", step, row_id, step)
    return bool(found)


def _take_recovery(staff_id: int, code: str) -> bool:
    digest = _digest(staff_id, code)
    found = db.execute(
        "UPDATE recovery_code SET used_at = ? WHERE staff_id = ? AND digest = ? AND used_at IS NULL",
        clock.now_us(),
        staff_id,
        digest,
    )
    return bool(found)


def renew_codes(person: Staff, code: str) -> list[str]:
    """New recovery codes in place of the old ones, for a code. Raises WrongCode. Commits."""
    check(person, code)
    with db.transaction():
        activity.record(f"staff:{person.id}", "staff.factor_codes", f"staff:{person.id}", title=person.email)
        return _new_codes(person.id)


def switch_off(person: Staff, code: str) -> None:
    """Ask for no code any more. Raises WrongCode. Commits."""
    check(person, code)
    remove(person.id, actor=f"staff:{person.id}")


def remove(staff_id: int, *, actor: str) -> None:
    """Take somebody's second factor away, for whoever may edit staff: the phone is lost. Commits."""
    with db.transaction():
        person = get_staff(staff_id)
        if SecondFactor.delete().where(SecondFactor.staff_id == staff_id).execute():
            RecoveryCode.delete().where(RecoveryCode.staff_id == staff_id).execute()
            activity.record(actor, "staff.factor_off", f"staff:{staff_id}", title=person.email)


# -- between the password and the code -------------------------------------------------------------------------------


def ticket(person: Staff) -> str:
    """Proof that this person gave their password just now; carried by the form that asks for the code."""
    return str(_signer().dumps([person.id, _mark(person)]))


def bearer(proof: str) -> Staff:
    """Who holds the proof. Raises TicketOver."""
    try:
        staff_id, mark = _signer().loads(proof, max_age=_TICKET_S)
        person = get_staff(staff_id)
    except (BadSignature, NotFound, ValueError, TypeError):
        raise TicketOver from None
    if person.disabled_at is not None or mark != _mark(person):
        raise TicketOver
    return person


def _mark(person: Staff) -> str:
    """Another one after each change of the password."""
    return ids.digest(person.password_hash or "")[:16]


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(secrets.signing_key(), salt="second-factor")


# -- secrets ---------------------------------------------------------------------------------------------------------


def _row(staff_id: int) -> SecondFactor | None:
    row: SecondFactor | None = SecondFactor.get_or_none(SecondFactor.staff_id == staff_id)
    return row


def _secret(row: SecondFactor) -> bytes:
    """128 bits, as RFC 4226 asks at least; nothing in the database gives them away."""
    return base64.urlsafe_b64decode(secrets.derived("second factor", f"{row.staff_id}:{row.nonce}") + "==")


def _new_codes(staff_id: int) -> list[str]:
    """Part of a verb: ten codes of 50 bits in place of those there were."""
    RecoveryCode.delete().where(RecoveryCode.staff_id == staff_id).execute()
    codes = ["".join(random.choice(_LETTERS) for _ in range(10)) for _ in range(RECOVERY_CODES)]
    for code in codes:
        RecoveryCode.create(staff_id=staff_id, digest=_digest(staff_id, code))
    return [f"{code[:5]}-{code[5:]}" for code in codes]


def _digest(staff_id: int, code: str) -> str:
    """Keyed by the installation, so that short codes cannot be guessed from the table alone."""
    plain = "".join(sign for sign in code.casefold() if sign.isalnum())[:40]
    return secrets.derived("recovery code", f"{staff_id}:{plain}")
