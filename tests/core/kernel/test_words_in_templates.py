"""`_()` and calls in templates: words are formatted and escaped as Jinja's new style does, at half the cost."""

from __future__ import annotations

import pytest
from jinja2 import pass_context

from core.kernel.i18n import ngettext, speaking
from core.kernel.installation import installation


def rendered(text: str, **values: object) -> str:
    return str(installation().themes.environment("plain").from_string(text).render(**values))


def test_values_are_escaped_and_words_are_not(app) -> None:
    assert rendered('{{ _("Everything in %(name)s", name=name) }}', name="<b>") == "Everything in &lt;b&gt;"
    assert rendered('{{ _("Fish & chips") }}') == "Fish & chips"


def test_a_doubled_percent_sign_is_one(app) -> None:
    assert rendered('{{ _("10 %% off") }}') == "10 % off"
    assert rendered('{{ _("%(n)s %% off", n=10) }}') == "10 % off"


def test_a_number_has_the_same_names_in_templates_and_in_python(app) -> None:
    for name in ("n", "num"):
        one, many = f"%({name})s day", f"%({name})s days of %(who)s"
        assert rendered('{{ ngettext(one, many, 2, who="<b>") }}', one=one, many=many) == "2 days of &lt;b&gt;"
        assert ngettext(one, many, 2, who="Ada") == "2 days of Ada"


def test_words_in_a_loop_are_of_the_language_spoken(app) -> None:
    loop = '{% for n in (1, 2) %}{{ _("This cart is empty now.") }}{% endfor %}'
    assert rendered(loop) == "This cart is empty now." * 2
    with speaking("zh-CN"):
        assert rendered(loop) == "购物车现在是空的。" * 2


def test_what_wants_the_context_still_gets_it_with_the_variables_of_the_loop(app) -> None:
    @pass_context
    def seen(context: object) -> str:
        return str(context["twice"])  # type: ignore[index]

    assert rendered("{% for n in (1, 2) %}{% set twice = n * 2 %}{{ seen() }}{% endfor %}", seen=seen) == "24"
    assert rendered("{% macro twice(x) %}{{ x }}{{ x }}{% endmacro %}{{ twice('<') }}") == "&lt;&lt;"


def test_lists_and_sentences_are_joined_as_the_language_does_it(app) -> None:
    woods = "{{ woods|enumerated }}"
    assert rendered(woods, woods=["oak", "<ash>"]) == "oak, &lt;ash&gt;"
    told = '{{ [_("This cart is empty now."), "", _("Fish & %(what)s", what="<chips>")]|sentences }}'
    assert rendered(told) == "This cart is empty now. Fish & &lt;chips&gt;"
    with speaking("zh-CN"):
        assert rendered(woods, woods=["橡木", "白蜡木"]) == "橡木、白蜡木"
        assert rendered('{{ ([_("This cart is empty now.")] * 2)|sentences }}') == "购物车现在是空的。" * 2


@pytest.mark.parametrize(("size", "tag", "text"), [
    (0, "en", "0\u00a0B"), (999, "zh-CN", "999\u00a0B"), (1_240, "en", "1.2\u00a0kB"), (1_250_000, "de", "1,2\u00a0MB"),
    (5_000_000_000_000, "en", "5,000\u00a0GB"),
])  # fmt: skip
def test_the_size_of_a_file_is_written_as_its_reader_writes_numbers(app, size: int, tag: str, text: str) -> None:
    with speaking(tag):
        assert rendered("{{ size|filesizeformat }}", size=size) == text
