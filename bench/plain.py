"""What a page costs at least: plain Flask, one statement by sqlite3, 24 products rendered by Jinja."""

from __future__ import annotations

import os
import sqlite3

from flask import Flask, render_template
from jinja2 import DictLoader

PAGE = """<!doctype html><html lang="en"><title>Goods</title><link rel="stylesheet" href="/static/shop.css">
<main><h1>Goods</h1><ul>{% for one in goods %}
<li><a href="/p/{{ one[1] }}"><img src="/media/{{ one[4] }}" width="400" height="400" alt="{{ one[2] }}">
<h2>{{ one[2] }}</h2></a><p>{{ "%.2f" | format(one[3] / 100) }}</p></li>
{% endfor %}</ul></main></html>"""

app = Flask(__name__)
app.jinja_loader = DictLoader({"goods.html": PAGE})


def fill(path: str, count: int) -> None:
    """Make the table of goods."""
    with sqlite3.connect(path) as made:
        made.execute("CREATE TABLE goods (id INTEGER PRIMARY KEY, slug TEXT, name TEXT, price INTEGER, picture TEXT)")
        rows = ((f"thing-{n}", f"Thing {n}", 1000 + n, f"{n % 8}.webp") for n in range(count))
        made.executemany("INSERT INTO goods (slug, name, price, picture) VALUES (?, ?, ?, ?)", rows)
    made.close()


@app.get("/")
def goods() -> str:
    """A page of 24."""
    found = _connection().execute("SELECT id, slug, name, price, picture FROM goods ORDER BY id LIMIT 24").fetchall()
    return render_template("goods.html", goods=found)


def _connection() -> sqlite3.Connection:
    if "connection" not in app.extensions:
        app.extensions["connection"] = sqlite3.connect(os.environ["BENCH_PLAIN"], check_same_thread=False)
    kept: sqlite3.Connection = app.extensions["connection"]
    return kept
