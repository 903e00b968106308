"""The second step at sign-in: no session before the code, no code twice, and a way back when the phone is lost."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.accounts.models import Staff
from core.accounts.services import factor as services
from core.kernel import db
from core.lib import clock, totp
from core.testing.shop import PASSWORD
from tests.core.panel.conftest import Panel, words

BEGIN = {"proof": PASSWORD}
AT = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


def _code(staff_id: int) -> str:
    """What the person's app shows now."""
    return totp.hotp(_secret(staff_id), totp.step_of(clock.now()))


def _secret(staff_id: int) -> bytes:
    return services._secret(services._row(Staff.get_by_id(staff_id)))


@pytest.fixture
def stopped() -> Any:
    with clock.freeze(AT) as stopped:
        yield stopped


@pytest.fixture
def recovery(panel: Panel, stopped: clock.Frozen, staff: Staff) -> list[str]:
    """The owner's second factor, switched on through the pages; the next code belongs to the next step."""
    shown = words(panel.follow(panel.post("/panel/account/second-factor", BEGIN)))
    key = re.search(r"into the app: ([A-Z2-7 ]+?) 2\.", shown)
    assert key is not None
    assert key[1].replace(" ", "") == totp.key_text(_secret(staff.id))
    answer = panel.post("/panel/account/second-factor/confirm", {"code": _code(staff.id)})
    codes = re.findall(r"<li>([a-z0-9]{5}-[a-z0-9]{5})</li>", answer.get_data(as_text=True))
    assert len(codes) == services.RECOVERY_CODES
    stopped.move(seconds=30)
    return codes


def _proof(answer: Any) -> str:
    found = re.search(r'name="proof" value="([^"]+)"', answer.get_data(as_text=True))
    assert found is not None
    return found[1]


def test_whoever_finds_a_browser_open_cannot_lock_its_owner_out(panel: Panel, staff: Staff) -> None:
    for proof, said in (("", "Fill this in."), ("a guess", "This is not your password.")):
        refused = panel.post("/panel/account/second-factor", {"proof": proof})
        assert (refused.status_code, said in words(refused)) == (422, True)
        assert services._row(staff) is None
    assert "or a recovery code" not in words(panel.follow(panel.post("/panel/account/second-factor", BEGIN)))


def test_a_first_code_that_is_sent_twice_is_told_that_it_is_on(recovery: list[str], panel: Panel, staff: Staff) -> None:
    again = panel.post("/panel/account/second-factor/confirm", {"code": _code(staff.id)})
    assert again.status_code == 409
    assert "The second step is on." in words(again)
    assert "Make new recovery codes" in words(again)


def test_the_password_alone_opens_nothing(recovery: list[str], anonymous: Panel, staff: Staff) -> None:
    asked = anonymous.login()
    assert asked.status_code == 200
    assert "Your code" in words(asked)
    assert anonymous.get("/panel/orders").status_code == 303
    entered = anonymous.post("/panel/login/code", {"code": _code(staff.id), "proof": _proof(asked)})
    assert entered.status_code == 303
    assert anonymous.get("/panel/orders").status_code == 200


def test_a_code_is_taken_once(recovery: list[str], anonymous: Panel, staff: Staff) -> None:
    code, proof = _code(staff.id), _proof(anonymous.login())
    assert anonymous.post("/panel/login/code", {"code": code, "proof": proof}).status_code == 303
    again = anonymous.post("/panel/login/code", {"code": code, "proof": proof})
    assert again.status_code == 422
    assert 'id="code-error"' in again.get_data(as_text=True)


def _takers(person: Staff, code: str, count: int) -> int:
    """So many at once with one code; answers how many were let in."""
    entered: list[bool] = []
    begin = threading.Barrier(count)

    def enter() -> None:
        begin.wait()
        try:
            services.check(person, code)
            entered.append(True)
        except services.WrongCode:
            entered.append(False)
        finally:
            db.reset_thread()

    threads = [threading.Thread(target=enter) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(entered)


def test_eight_at_once_with_one_code_let_one_in(recovery: list[str], staff: Staff, monkeypatch: Any) -> None:
    monkeypatch.setattr(services.limits, "take", lambda *_args, **_more: None)
    assert _takers(staff, _code(staff.id), 8) == 1
    assert _takers(staff, recovery[0], 8) == 1


def test_the_race_is_noticed_when_the_guard_is_away(recovery: list[str], staff: Staff, monkeypatch: Any) -> None:
    """Planted: the step is stored without looking whether it was taken."""
    monkeypatch.setattr(services.limits, "take", lambda *_args, **_more: None)
    monkeypatch.setattr(services, "_take_step", lambda *_args: True)
    assert _takers(staff, _code(staff.id), 8) > 1


def test_a_recovery_code_lets_in_once_however_it_is_typed(recovery: list[str], anonymous: Panel) -> None:
    typed = recovery[3].upper().replace("-", " ")
    assert anonymous.post("/panel/login/code", {"code": typed, "proof": _proof(anonymous.login())}).status_code == 303
    assert anonymous.post("/panel/login/code", {"code": typed, "proof": _proof_again(anonymous)}).status_code == 422
    assert "9 are left" in words(anonymous.get("/panel/account/second-factor"))


def _proof_again(anonymous: Panel) -> str:
    return services.ticket(Staff.get(Staff.is_owner))


def test_nothing_in_the_database_gives_the_codes_away(recovery: list[str], staff: Staff) -> None:
    secret = totp.key_text(_secret(staff.id))
    stored = str(db.rows("SELECT * FROM second_factor") + db.rows("SELECT * FROM recovery_code"))
    assert secret not in stored
    assert not any(code in stored or code.replace("-", "") in stored for code in recovery)


def test_guesses_come_to_an_end(recovery: list[str], anonymous: Panel, staff: Staff) -> None:
    proof = _proof(anonymous.login())
    told = [anonymous.post("/panel/login/code", {"code": "000000", "proof": proof}) for _ in range(12)]
    assert told[0].status_code == 422
    assert (told[-1].status_code, told[-1].headers["Retry-After"]) == (429, "60")
    assert anonymous.post("/panel/login/code", {"code": _code(staff.id), "proof": proof}).status_code == 429


@pytest.mark.parametrize("proof", ["", "forged", "WzEsICJ4Il0.aaaa.bbbb"])
def test_a_forged_proof_leads_back_to_the_password(
    recovery: list[str], anonymous: Panel, staff: Staff, proof: str
) -> None:
    answer = anonymous.post("/panel/login/code", {"code": _code(staff.id), "proof": proof})
    assert answer.status_code == 422
    assert "Sign in once more" in words(answer)
    assert anonymous.get("/panel/orders").status_code == 303


def test_a_changed_password_ends_a_proof(recovery: list[str], anonymous: Panel, staff: Staff) -> None:
    proof = _proof(anonymous.login())
    with db.transaction():
        Staff.update(password_hash="another").where(Staff.id == staff.id).execute()
    assert "Sign in once more" in words(anonymous.post("/panel/login/code", {"code": _code(staff.id), "proof": proof}))


def test_it_is_switched_off_by_a_code_alone(
    recovery: list[str], panel: Panel, anonymous: Panel, staff: Staff, stopped: clock.Frozen
) -> None:
    assert panel.post("/panel/account/second-factor/off", {"code": "123456"}).status_code == 422
    assert panel.post("/panel/account/second-factor/off", {"code": _code(staff.id)}).status_code == 303
    assert anonymous.login().status_code == 303
    assert "switched off the second step at sign-in" in words(panel.get("/panel/activity"))


def test_a_lost_phone_is_taken_away_by_whoever_edits_staff(
    panel: Panel, colleague: Callable[..., Panel], stopped: clock.Frozen, staff: Staff
) -> None:
    theirs = colleague({"orders.view"})
    helper = Staff.get(Staff.email == "helper@example.com")
    theirs.post("/panel/account/second-factor", BEGIN)
    theirs.post("/panel/account/second-factor/confirm", {"code": _code(helper.id)})
    assert theirs.post(f"/panel/installation/staff/{staff.id}/second-factor").status_code == 403
    assert services.is_asked(helper)
    panel.post(f"/panel/installation/staff/{helper.id}/second-factor")
    assert not services.is_asked(helper)


def test_other_sessions_end_when_it_is_switched_on(
    panel: Panel, anonymous: Panel, staff: Staff, stopped: clock.Frozen
) -> None:
    assert anonymous.login(password=PASSWORD).status_code == 303
    panel.post("/panel/account/second-factor", BEGIN)
    panel.post("/panel/account/second-factor/confirm", {"code": _code(staff.id)})
    assert anonymous.get("/panel/orders").status_code == 303
    assert panel.get("/panel/orders").status_code == 200
    stopped.move(seconds=timedelta(minutes=1).total_seconds())
