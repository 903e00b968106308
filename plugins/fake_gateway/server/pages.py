"""The pages that the shopper sees at the gateway, in English and Chinese."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from babel.messages.pofile import read_po
from babel.numbers import format_currency, get_currency_precision
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from plugins.fake_gateway.server.payments import Payment

_HOME = Path(__file__).parent
_LANGUAGES = {"en": "English", "zh-CN": "中文"}
_environment = Environment(loader=FileSystemLoader(_HOME / "templates"), autoescape=True, undefined=StrictUndefined)


def pay(payment: Payment, language: str) -> str:
    """The pay page: what is to be paid, and how it shall end."""
    return _render("pay.html", payment, language)


def back(payment: Payment, language: str) -> str:
    """A form that sends the shopper back by a cross-site POST."""
    return _render("back.html", payment, language)


def _render(template: str, payment: Payment, language: str) -> str:
    tag = language if language in _LANGUAGES else "en"
    words = _words(tag)
    return _environment.get_template(template).render(
        payment=payment,
        language=tag,
        languages=_LANGUAGES,
        amount=_amount(payment, tag),
        _=lambda text: words.get(text, text),
    )


def _amount(payment: Payment, tag: str) -> str:
    value = Decimal(payment.amount).scaleb(-get_currency_precision(payment.currency))
    return str(format_currency(value, payment.currency, locale=tag.replace("-", "_")))


@lru_cache(maxsize=4)
def _words(tag: str) -> dict[str, str]:
    path = _HOME.parent / "locale" / tag.replace("-", "_") / "LC_MESSAGES" / "messages.po"
    if not path.exists():
        return {}
    with path.open("rb") as stream:
        return {str(message.id): str(message.string) for message in read_po(stream) if message.id and message.string}
