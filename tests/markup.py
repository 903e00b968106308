"""What is wrong with the HTML of a page: the rules of the standard that a template breaks most easily.

Browsers mend such a page in silence: a form in a paragraph ends the paragraph, and its row falls apart.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

_VOID = re.compile(r"area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr")
_BLOCKS = re.compile(
    r"address|article|aside|blockquote|details|dialog|div|dl|fieldset|figure|footer|form|header|hgroup|hr|"
    r"main|nav|ol|p|pre|search|section|table|ul|h[1-6]"
)
_HEADINGS = re.compile(r"h[1-6]")
# These hold words and what stands among words.
_INLINE = re.compile(r"abbr|b|button|cite|code|data|em|i|kbd|label|mark|output|p|pre|s|small|span|strong|time")
_CHILDREN = {
    "ul": {"li"},
    "ol": {"li"},
    "menu": {"li"},
    "dl": {"dt", "dd", "div"},
    "select": {"option", "optgroup", "hr"},
    "table": {"caption", "colgroup", "thead", "tbody", "tfoot", "tr"},
    "thead": {"tr"},
    "tbody": {"tr"},
    "tfoot": {"tr"},
    "tr": {"th", "td"},
}
_PARENTS = {"li": {"ul", "ol", "menu"}, "td": {"tr"}, "th": {"tr"}, "tr": {"table", "thead", "tbody", "tfoot"}}
_PARENTS |= {"dt": {"dl", "div"}, "dd": {"dl", "div"}, "legend": {"fieldset"}, "summary": {"details"}}
_ANYWHERE = frozenset({"script", "template"})
_PRESSED = frozenset({"a", "button", "select", "textarea", "summary"})
_ON_OR_OFF = re.compile(
    r"async|autofocus|checked|defer|disabled|formnovalidate|inert|itemscope|multiple|muted|nomodule|"
    r"novalidate|open|readonly|required|reversed|selected"
)
_POINTERS = ("for", "form", "list", "headers", "popovertarget", "commandfor", "aria-labelledby", "aria-describedby")
_ADDRESSES = ("href", "src", "action", "formaction")
# A quarter of the time that html.parser takes; a template that needs more than this is odd.
_TAG = re.compile(
    r"""<!--.*?-->|<(?P<end>/?)(?P<tag>[a-zA-Z][\w-]*)(?P<rest>(?:[^>"']|"[^"]*"|'[^']*')*)>""",
    re.DOTALL,
)
_RAW = frozenset({"script", "style", "textarea", "title"})
_UNREAD = re.compile(r'<(\w+)[^>]*(?: hidden\b|aria-hidden="true")[^>]*>.*?</\1>', re.DOTALL)
_ATTRIBUTE = re.compile(r"""([^\s=/"'>]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?""")


class _Page:
    def __init__(self, html: str) -> None:
        self.faults: list[str] = []
        self.ids: Counter[str] = Counter()
        self.forms: set[str] = set()
        self.pointers: list[tuple[str, str, str]] = []
        self.tags: Counter[str] = Counter()
        self._html, self._place = html, 0
        self._open: list[str] = []
        while found := _TAG.search(html, self._place):
            self._place = found.start()
            tag = (found["tag"] or "").lower()
            if tag:
                (self._end if found["end"] else self._start)(tag, found["rest"])
            # What stands in these is no markup.
            raw = tag in _RAW and not found["end"]
            self._place = html.index(f"</{tag}", found.end()) if raw else found.end()
        self.faults += [f"<{tag}> is not ended" for tag in self._open]

    def _start(self, tag: str, rest: str) -> None:
        attrs = [(one[1].lower(), one[2] or one[3] or one[4] or "") for one in _ATTRIBUTE.finditer(rest)]
        self.faults += self._misplaced(tag)
        self.faults += [f"{self._at()}: <{tag}> {fault}" for fault in _of_attributes(attrs)]
        given = dict(attrs)
        if name := given.get("id"):
            self.ids[name] += 1
            if tag == "form":
                self.forms.add(name)
        self.pointers += [(kind, one, self._at()) for kind in _POINTERS if kind in given for one in given[kind].split()]
        if tag == "a" and given.get("href", "").startswith("#"):
            self.pointers.append(("href", given["href"][1:], self._at()))
        if tag in {"a", "button"} and "aria-label" in given:
            self.faults += self._unlike(tag, given["aria-label"])
        self.tags[tag] += 1
        if rest.rstrip().endswith("/") and "svg" in self._open:
            return  # Elsewhere a slash means nothing.
        if tag == "option" and self._open and self._open[-1] == "option":
            self._open.pop()  # Its end may be left out.
        if not _VOID.fullmatch(tag):
            self._open.append(tag)

    def _end(self, tag: str, _rest: str) -> None:
        if tag not in self._open:
            self.faults.append(f"{self._at()}: </{tag}> ends nothing")
            return
        while (left := self._open.pop()) != tag:
            if left != "option":
                self.faults.append(f"{self._at()}: </{tag}> where <{left}> is open")

    def _unlike(self, tag: str, name: str) -> Iterator[str]:
        """Whoever speaks to the machine says what stands there, so it has to be in the name."""
        start = self._html.index(">", self._place) + 1
        seen = _UNREAD.sub(" ", self._html[start : self._html.find(f"</{tag}>", start)])
        said = " ".join(re.sub(r"<[^>]*>", " ", seen).split())
        if re.search(r"\w", said) and said.lower() not in name.lower():
            yield f"{self._at()}: <{tag}> shows “{said}” and is called “{name}”"

    def _misplaced(self, tag: str) -> Iterator[str]:
        if "svg" in self._open or tag in _ANYWHERE:
            return
        parent = self._open[-1] if self._open else ""
        if parent == "option":
            parent = "select"
        fits = tag in _CHILDREN.get(parent, {tag}) and (not parent or parent in _PARENTS.get(tag, {parent}))
        if not fits or ((_INLINE.fullmatch(parent) or _HEADINGS.fullmatch(parent)) and _BLOCKS.fullmatch(tag)):
            yield f"{self._at()}: <{tag}> stands in <{parent}>"
        if tag == "form" and "form" in self._open:
            yield f"{self._at()}: a form in a form"
        if tag in _PRESSED and {"a", "button"} & {*self._open}:
            yield f"{self._at()}: <{tag}> within what is pressed itself"

    def _at(self) -> str:
        return f"line {self._html.count(chr(10), 0, self._place) + 1}"


def _of_attributes(attrs: list[tuple[str, str]]) -> Iterator[str]:
    for name, value in attrs:
        if _ON_OR_OFF.fullmatch(name) and value not in ("", name):
            yield f'has {name}="{value}"'
        if name in _ADDRESSES and re.search(r"\s", value):
            yield f"has a space in {name}"
    yield from (f"has {name} twice" for name, count in Counter(name for name, _value in attrs).items() if count > 1)


def faults_of(html: str) -> list[str]:
    """What is wrong with a whole page, with its lines; nothing if it is well made."""
    page = _Page(html)
    faults = page.faults + [f"the id {name} is there {count} times" for name, count in page.ids.items() if count > 1]
    for kind, name, line in page.pointers:
        if name not in page.ids and (kind, name) != ("href", "top"):
            faults.append(f"{line}: {kind} names {name}, which is not there")
        elif kind == "form" and name not in page.forms:
            faults.append(f"{line}: {name} is no form")
    if page.tags["h1"] != 1:
        faults.append(f"{page.tags['h1']} headings of the first level")
    if not re.search(r"<html[^>]* lang=", html) or not re.search(r"<title>\s*[^<\s]", html):
        faults.append("its language or its title is not said")
    return faults
