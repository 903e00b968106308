"""The contract of who answers a question of a page or the checkout: pure, the same each time, of the right kind.

One suite for the hooks that have no richer one: `checkout_problems`, `checkout_fields`, `site_slot`, `site_data`,
`site_head`, `site_moved`, `site_urls` and `notify_attachments`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest

from core.hookspecs import FAMILIES
from core.hookspecs.notify import Message
from core.hookspecs.spec import Policy
from core.kernel.answers import checked, checked_all
from core.lib import clock
from core.testing.contracts.fences import no_network, no_writes
from core.testing.contracts.samples import a_cart, a_line, the_address

Question = Mapping[str, Any]
_GONE = 2**31 - 1


class AskContract:
    """Subclass it in the plugin's tests, name the `hook`, and give `answer`, its function, and what it `answers`.

    `answers` are questions, as arguments by name without the site, to which it has something to say.
    """

    hook = ""

    @pytest.fixture
    def site_asked(self, site: Any) -> Any:
        return site

    @pytest.fixture
    def answer(self) -> Callable[..., Any]:
        raise NotImplementedError("give the function that is marked @hookimpl")

    @pytest.fixture
    def answers(self) -> Sequence[Question]:
        raise NotImplementedError("give at least one question to which it has something to say")

    @pytest.fixture(autouse=True)
    def _fence(self, answer: Callable[..., Any], answers: Sequence[Question], site_asked: Any) -> Iterator[None]:
        del answer, answers, site_asked  # made before the fence stands
        with no_writes(), no_network():
            yield

    def test_it_has_something_to_say(
        self, answer: Callable[..., Any], answers: Sequence[Question], site_asked: Any
    ) -> None:
        assert answers, "no sample: the other rules would prove nothing"
        for question in answers:
            assert _asked(answer, site_asked, question), f"nothing to {question}"

    def test_its_answers_are_what_the_hook_allows(
        self, answer: Callable[..., Any], answers: Sequence[Question], site_asked: Any
    ) -> None:
        for question in answers:
            fitting(self.hook, _asked(answer, site_asked, question))

    def test_the_same_question_has_the_same_answer(
        self, answer: Callable[..., Any], answers: Sequence[Question], site_asked: Any
    ) -> None:
        for question in answers:
            first, again = (repr(_asked(answer, site_asked, question)) for _ in range(2))
            assert first == again, "a page that is kept would show what is not so"

    def test_any_question_is_no_error(self, answer: Callable[..., Any], site_asked: Any) -> None:
        for question in odd_ones(self.hook):
            fitting(self.hook, _asked(answer, site_asked, question))


def _asked(answer: Callable[..., Any], site: Any, question: Question) -> Any:
    """The answer; the function takes only the arguments that it names."""
    takes = inspect.signature(answer).parameters
    return answer(**{name: value for name, value in {"site": site, **question}.items() if name in takes})


def fitting(hook: str, found: Any) -> None:
    """Raise WrongAnswer for what the spec of the hook does not allow."""
    policy: Policy = next(getattr(family, hook).stoa_policy for family in FAMILIES if hasattr(family, hook))
    if found is None:
        return
    if policy.shape == "list" and not policy.first:
        checked_all(found, *policy.items, asked=hook)
    elif policy.shape == "dict":
        assert isinstance(found, Mapping), f"{hook} answers a mapping"
        checked_all(list(found.values()), *policy.items, asked=hook)
    else:
        checked(found, *policy.items, asked=hook)


def odd_ones(hook: str) -> list[Question]:
    """Questions that one did not think of."""
    carts = [a_cart(), a_cart(a_line(_GONE, 0)), a_cart(email="", address=None), a_cart(address=the_address("ZZ"))]
    paths = ("", "/", "/none", "//other.example/x", "/" + "x" * 5_000, "/%00", "/商品/灯", "/a?b=c#d", "/../..")
    odd: dict[str, list[Question]] = {
        "checkout_problems": [{"cart": cart, "step": step} for cart in carts for step in ("cart", "checkout", "place")],
        "checkout_fields": [{"cart": cart, "step": "checkout"} for cart in carts],
        "site_slot": [{"name": name, "subject": it} for name in ("no.place", "page.head") for it in (None, "", 7)],
        "site_data": [
            {"kind": kind, "objects": ids} for kind in ("product", "nobody_knows") for ids in ([], [_GONE], [1, 1, 0])
        ],
        "site_head": [{"kind": kind, "subject": None} for kind in ("home", "category", "product", "nobody_knows")],
        "site_moved": [{"path": path} for path in paths],
        "notify_attachments": [
            {"message": Message(key="k", kind=kind, to="mira@example.com", subject="S", text="T", about=about)}
            for kind in ("order.placed", "order.draft", "nobody_knows")
            for about in ("", ":", "draft", "draft:", "draft:0-0", f"draft:{_GONE}-1", "draft:1-x", "x" * 5_000)
        ],
        "site_urls": [{"since": since} for since in (None, clock.now())],
    }  # fmt: skip
    return odd[hook]
