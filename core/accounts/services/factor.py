"""The second step at sign-in, for shoppers and staff: an authenticator app, and recovery codes.

Each code is taken once, also under a race. A person is known here by their `key`: `staff:7`, `shopper:12`.
"""

from __future__ import annotations

import base64
import secrets as random
from typing import TYPE_CHECKING, TypeVar

from itsdangerous import BadSignature, URLSafeTimedSerializer
from markupsafe import Markup
from msgspec import Struct

from core.accounts.models import RecoveryCode, SecondFactor, Shopper, Staff
from core.accounts.services import letters
from core.kernel import activity, db, limits, secrets, sessions
from core.kernel.sites import state_of
from core.lib import clock, ids, qr, totp
from core.lib.errors import NotFound, Refused

if TYPE_CHECKING:
    from core.hookspecs.site import Site

Account = Shopper | Staff
RECOVERY_CODES = 10
_TICKET_S = 600
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_Kind = TypeVar("_Kind", Shopper, Staff)
_RULE = limits.Rule(address="30 per minute; 200 per hour", subject="10 per 10 minutes; 60 per day", shared=True)
limits.add("second_factor", _RULE)


class WrongCode(Refused):
    """No code of this moment, one that was used before, or no recovery code that is left."""

    status = 422
    code = "wrong_code"
    default_message = "This code is not right, or it was used before. Wait for the next one."

    def __init__(self) -> None:
        super().__init__(field="code")


class FactorIsOn(Refused):
    """Its first code was taken already, such as by a form that was sent twice."""

    code = "factor_is_on"
    default_message = "The second step is on. If you have not kept its recovery codes, make new ones here."


class TicketOver(Refused):
    """The password was given too long ago, or has been changed since."""

    status = 422
    code = "ticket_over"
    default_message = "That took too long. Sign in once more."


class Factor(Struct, frozen=True, kw_only=True):
    """The state of somebody's second factor.

    `key`, `address` and its `drawing` are there until it is confirmed, and never after.
    """

    is_on: bool
    key: str = ""
    address: str = ""
    drawing: Markup = Markup()
    codes_left: int = 0


def key_of(person: Account) -> str:
    """How the log, the limits and these tables name somebody."""
    return f"{'staff' if isinstance(person, Staff) else 'shopper'}:{person.id}"


def factor(person: Account, issuer: str) -> Factor:
    """How it stands with this person; two statements."""
    row = _row(person)
    if row is None:
        return Factor(is_on=False)
    if row.confirmed_at is None:
        secret = _secret(row)
        key = totp.key_text(secret)
        grouped = " ".join(key[at : at + 4] for at in range(0, len(key), 4))
        address = totp.address(secret, account=person.email, issuer=issuer)
        return Factor(is_on=False, key=grouped, address=address, drawing=qr.drawing(address))
    left = db.value("SELECT COUNT(*) FROM recovery_code WHERE account = ? AND used_at IS NULL", key_of(person))
    return Factor(is_on=True, codes_left=int(left))


def is_asked(person: Account) -> bool:
    """Whether this person must give a code to sign in with a password."""
    row = _row(person)
    return row is not None and row.confirmed_at is not None


def begin(person: Account) -> None:
    """Make a new secret that waits to be confirmed; one that is confirmed stays. Commits."""
    with db.transaction():
        row = _row(person)
        if row is not None and row.confirmed_at is not None:
            return
        SecondFactor.delete().where(SecondFactor.account == key_of(person)).execute()
        SecondFactor.create(account=key_of(person), nonce=ids.token(), created_at=clock.now())


def confirm(person: Account, code: str) -> list[str]:
    """Switch it on by a first code; ends all other sessions. Answers the recovery codes. Commits.

    Raises WrongCode, FactorIsOn, NotFound.
    """
    limits.take("second_factor", key_of(person))
    row = _row(person)
    if row is None:
        raise NotFound
    if row.confirmed_at is not None:
        raise FactorIsOn
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
        end_sessions_of(person)
        note(person, "factor_on")
        return _new_codes(person)


def check(person: Account, code: str) -> None:
    """Take a code of the app or a recovery code, once and for all. Raises WrongCode, TooMany. Commits."""
    limits.take("second_factor", key_of(person))
    row = _row(person)
    if row is None or row.confirmed_at is None:
        raise NotFound
    step = totp.matching_step(_secret(row), code, clock.now())
    with db.transaction():
        taken = _take_step(row.id, step) if step is not None else _take_recovery(person, code)
        if not taken:
            raise WrongCode


def _take_step(row_id: int, step: int) -> bool:
    """The guard against a code used twice: a step is taken only once, and none before it any more."""
    found = db.execute("UPDATE second_factor SET last_step = ? WHERE id = ? AND last_step < ?", step, row_id, step)
    return bool(found)


def _take_recovery(person: Account, code: str) -> bool:
    found = db.execute(
        "UPDATE recovery_code SET used_at = ? WHERE account = ? AND digest = ? AND used_at IS NULL",
        clock.now_us(),
        key_of(person),
        _digest(person, code),
    )
    return bool(found)


def renew_codes(person: Account, code: str) -> list[str]:
    """New recovery codes in place of the old ones, for a code. Raises WrongCode. Commits."""
    check(person, code)
    with db.transaction():
        note(person, "factor_codes")
        return _new_codes(person)


def switch_off(person: Account, code: str) -> None:
    """Ask for no code any more. Raises WrongCode. Commits."""
    check(person, code)
    remove(person, actor=key_of(person))


def remove(person: Account, *, actor: str) -> None:
    """Take somebody's second factor away: by themselves, or by whoever may, since the phone is lost. Commits."""
    with db.transaction():
        if SecondFactor.delete().where(SecondFactor.account == key_of(person)).execute():
            RecoveryCode.delete().where(RecoveryCode.account == key_of(person)).execute()
            note(person, "factor_off", actor=actor)


# -- what passkeys share with it --------------------------------------------------------------------------------------


def end_sessions_of(person: Account) -> None:
    """Part of a verb: sign this person out everywhere."""
    owner = {"staff_id" if isinstance(person, Staff) else "shopper_id": person.id}
    sessions.end_sessions(**owner)


def note(person: Account, what: str, *, actor: str = "") -> None:
    """Part of a verb: log another way to sign in; a shopper is told by mail, too."""
    key = key_of(person)
    is_shopper = isinstance(person, Shopper)
    where = person.site_id if isinstance(person, Shopper) else None
    verb = f"{'shopper' if is_shopper else 'staff'}.{what}"
    # A log keeps no shopper's address: it would outlive the account.
    activity.record(actor or key, verb, key, title=key if is_shopper else person.email, site_id=where)
    if isinstance(person, Shopper) and what in letters.SIGN_IN_CHANGES:
        site, told = state_of(person.site_id).site, f"{what}:{person.id}:{clock.now_us()}"
        letters.send_sign_in_changed(site, person.email, told, person.language, what)


# -- between the password and the code -------------------------------------------------------------------------------


def ticket(person: Account) -> str:
    """Proof that this person gave their password just now; carried by the form that asks for the code."""
    return str(_signer(type(person)).dumps([person.id, _mark(person)]))


def bearer(proof: str) -> Staff:
    """Which member of staff holds the proof. Raises TicketOver."""
    staff_id, mark = _opened(proof, Staff)
    return _living(Staff.get_or_none(Staff.id == staff_id), mark)


def shopper_bearer(site: Site, proof: str) -> Shopper:
    """Which shopper of this very site holds the proof. Raises TicketOver."""
    shopper_id, mark = _opened(proof, Shopper)
    found: Shopper | None = Shopper.for_site(site).where(Shopper.id == shopper_id).first()
    return _living(found, mark)


def _opened(proof: str, kind: type[Account]) -> tuple[int, str]:
    try:
        person_id, mark = _signer(kind).loads(proof, max_age=_TICKET_S)
        return int(person_id), str(mark)
    except (BadSignature, ValueError, TypeError):
        raise TicketOver from None


def _living(person: _Kind | None, mark: str) -> _Kind:
    if person is None or person.disabled_at is not None or mark != _mark(person):
        raise TicketOver
    return person


def _mark(person: Account) -> str:
    """Another one after each change of the password."""
    return ids.digest(person.password_hash or "")[:16]


def _signer(kind: type[Account]) -> URLSafeTimedSerializer:
    """One for each kind of people: a shopper's proof is none for the panel, whatever their numbers."""
    return URLSafeTimedSerializer(secrets.signing_key(), salt=f"second-factor-{kind.__name__}")


# -- secrets ---------------------------------------------------------------------------------------------------------


def _row(person: Account) -> SecondFactor | None:
    row: SecondFactor | None = SecondFactor.get_or_none(SecondFactor.account == key_of(person))
    return row


def _secret(row: SecondFactor) -> bytes:
    """128 bits, as RFC 4226 asks at least; nothing in the database gives them away."""
    return base64.urlsafe_b64decode(secrets.derived("second factor", f"{row.account}:{row.nonce}") + "==")


def _new_codes(person: Account) -> list[str]:
    """Part of a verb: ten codes of 50 bits in place of those there were."""
    RecoveryCode.delete().where(RecoveryCode.account == key_of(person)).execute()
    codes = ["".join(random.choice(_LETTERS) for _ in range(10)) for _ in range(RECOVERY_CODES)]
    for code in codes:
        RecoveryCode.create(account=key_of(person), digest=_digest(person, code))
    return [f"{code[:5]}-{code[5:]}" for code in codes]


def _digest(person: Account, code: str) -> str:
    """Keyed by the installation, so that short codes cannot be guessed from the table alone."""
    plain = "".join(sign for sign in code.casefold() if sign.isalnum())[:40]
    return secrets.derived("recovery code", f"{key_of(person)}:{plain}")
