"""Passkeys (WebAuthn): a key on a device that opens an account without password and code, on one host alone.

The device proves who holds it (user verification), so that a passkey is both steps of a sign-in. What it signs is a
challenge of ours that is taken once: an answer that was overheard opens nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from core.accounts.models import Passkey, RecoveryCode, ResetToken, SecondFactor, Shopper, Staff
from core.accounts.services import links
from core.accounts.services.factor import Account, key_of, note
from core.kernel import db, limits, secrets
from core.lib import clock
from core.lib.addresses import one_line
from core.lib.errors import NotFound, Refused

if TYPE_CHECKING:
    from core.hookspecs.site import Site

MOST = 20
_NEW, _ENTRY = "passkey_new", "passkey_entry"
_LONGEST_ANSWER = 20_000
_Answer = TypeVar("_Answer")
links.LIFE.update({_NEW: timedelta(minutes=10), _ENTRY: timedelta(minutes=10)})
limits.add("passkey", limits.Rule(address="60 per 10 minutes", shared=True))


class WrongKey(Refused):
    """The device's answer is none to our question, or its key opens nothing here."""

    status = 422
    code = "wrong_passkey"
    default_message = "This passkey does not open anything here. Sign in with your password."


def passkeys_of(person: Account) -> list[Passkey]:
    """The person's passkeys, the oldest first."""
    return list(Passkey.select().where(Passkey.account == key_of(person)).order_by(Passkey.id))


def ask_new(site: Site, person: Account, *, origin: str) -> str:
    """What a browser needs to make a passkey, as JSON for `navigator.credentials.create`. Commits."""
    import webauthn
    from webauthn.helpers import structs

    limits.take("passkey")
    known = passkeys_of(person)
    if len(known) >= MOST:
        raise Refused("You have as many passkeys as there is room for. Remove one first.")
    with db.transaction():
        challenge = links.issue(_NEW, site_id=site.id, data={"account": key_of(person)})
    options = webauthn.generate_registration_options(
        rp_id=_host(origin),
        rp_name=site.name,
        user_id=secrets.derived("passkey", key_of(person)).encode(),
        user_name=person.email,
        user_display_name=person.name or person.email,
        challenge=challenge.encode(),
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.REQUIRED,
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[
            structs.PublicKeyCredentialDescriptor(id=webauthn.base64url_to_bytes(one.credential)) for one in known
        ],
    )
    return webauthn.options_to_json(options)


def add(site: Site, person: Account, answer: str, *, name: str, origin: str) -> None:
    """Keep the passkey that a browser made for this person. Raises WrongKey, TooMany. Commits."""
    import webauthn

    limits.take("passkey")
    asked = _question(site, _NEW, answer)
    if asked.data["account"] != key_of(person):
        raise WrongKey
    made = _proved(
        lambda: webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=_challenge(answer),
            expected_rp_id=_host(origin),
            expected_origin=origin,
            require_user_verification=True,
        )
    )
    with db.transaction():
        _use(asked)
        found = db.execute(
            "INSERT INTO passkey (account, place, credential, public_key, uses, name, created_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (credential) DO NOTHING",
            key_of(person),
            _host(origin),
            webauthn.helpers.bytes_to_base64url(made.credential_id),
            webauthn.helpers.bytes_to_base64url(made.credential_public_key),
            made.sign_count,
            one_line(name, 60),
            clock.now_us(),
        )
        if not found:
            raise WrongKey
        note(person, "passkey_added")


def remove_passkey(person: Account, passkey_id: int) -> None:
    """Let a passkey open nothing any more. Raises NotFound. Commits."""
    with db.transaction():
        if not Passkey.delete().where(Passkey.account == key_of(person), Passkey.id == passkey_id).execute():
            raise NotFound
        note(person, "passkey_removed")


# -- signing in --------------------------------------------------------------------------------------------------------


def ask_entry(site: Site, *, origin: str) -> str:
    """What a browser needs to use a passkey, as JSON for `navigator.credentials.get`. Commits."""
    import webauthn
    from webauthn.helpers import structs

    limits.take("passkey")
    with db.transaction():
        challenge = links.issue(_ENTRY, site_id=site.id)
    options = webauthn.generate_authentication_options(
        rp_id=_host(origin),
        challenge=challenge.encode(),
        user_verification=structs.UserVerificationRequirement.REQUIRED,
    )
    return webauthn.options_to_json(options)


def shopper_by_passkey(site: Site, answer: str, *, origin: str) -> Shopper:
    """The shopper of this site whose passkey answered. Raises WrongKey, TooMany. Commits."""

    def living(number: int) -> Shopper | None:
        found: Shopper | None = (
            Shopper.for_site(site).where(Shopper.id == number, Shopper.disabled_at.is_null()).first()
        )
        return found

    return _enter(site, answer, origin, "shopper", living)


def staff_by_passkey(site: Site, answer: str, *, origin: str) -> Staff:
    """The member of staff whose passkey answered. Raises WrongKey, TooMany. Commits."""

    def living(number: int) -> Staff | None:
        found: Staff | None = Staff.get_or_none(Staff.id == number, Staff.disabled_at.is_null())
        return found

    return _enter(site, answer, origin, "staff", living)


_Person = TypeVar("_Person", Shopper, Staff)


def _enter(site: Site, answer: str, origin: str, kind: str, living: Callable[[int], _Person | None]) -> _Person:
    import webauthn

    limits.take("passkey")
    asked = _question(site, _ENTRY, answer)
    key = _passkey(answer, origin, kind)
    used = _proved(
        lambda: webauthn.verify_authentication_response(
            credential=answer,
            expected_challenge=_challenge(answer),
            expected_rp_id=key.place,
            expected_origin=origin,
            credential_public_key=webauthn.base64url_to_bytes(key.public_key),
            credential_current_sign_count=key.uses,
            require_user_verification=True,
        )
    )
    person = living(int(key.account.partition(":")[2]))
    if person is None:
        raise WrongKey
    with db.transaction():
        _use(asked)
        db.execute("UPDATE passkey SET uses = ?, used_at = ? WHERE id = ?", used.new_sign_count, clock.now_us(), key.id)
    return person


def _passkey(answer: str, origin: str, kind: str) -> Passkey:
    """The stored key that the answer names, of this kind of people and for this host."""
    from webauthn.helpers import parse_authentication_credential_json

    named = _proved(lambda: parse_authentication_credential_json(answer)).id
    found: Passkey | None = Passkey.get_or_none(Passkey.credential == named, Passkey.place == _host(origin))
    if found is None or not found.account.startswith(f"{kind}:"):
        raise WrongKey
    return found


# -- questions ---------------------------------------------------------------------------------------------------------


def _host(origin: str) -> str:
    """WebAuthn's relying party: the host alone, so that a key of one shop is none for its neighbour."""
    return urlsplit(origin).hostname or ""


def _question(site: Site, purpose: str, answer: str) -> ResetToken:
    """Our living question that this answers. Raises WrongKey."""
    try:
        return links.find(purpose, _challenge(answer).decode("ascii"), site.id)
    except (links.LinkOver, UnicodeDecodeError):
        raise WrongKey from None


def _challenge(answer: str) -> bytes:
    from webauthn.helpers import base64url_to_bytes, parse_client_data_json

    if len(answer) > _LONGEST_ANSWER:
        raise WrongKey

    def read() -> bytes:
        return parse_client_data_json(base64url_to_bytes(json.loads(answer)["response"]["clientDataJSON"])).challenge

    return _proved(read)


def _use(asked: ResetToken) -> None:
    try:
        links.use(asked)
    except links.LinkOver:
        raise WrongKey from None


def _proved(read: Callable[[], _Answer]) -> _Answer:
    """What `read` makes of an answer from outside; whatever is wrong with it is WrongKey to whoever sent it."""
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        return read()
    except (WebAuthnException, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise WrongKey from None


def forget_device(person: Account, *, actor: str) -> None:
    """Take every second step and passkey of somebody away, by whoever may: their phone is lost. Commits."""
    with db.transaction():
        if forget(key_of(person)):
            note(person, "factor_off", actor=actor)


def forget(person_key: str) -> int:
    """Part of a verb: every second step and passkey of an account goes; answers how many rows did."""
    db.require_transaction()
    return sum(
        model.delete().where(model.account == person_key).execute() for model in (SecondFactor, RecoveryCode, Passkey)
    )
