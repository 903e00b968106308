"""What `./stoa test` runs: set-up, lint, types, import contracts, then the tests on both databases, each stage timed.

`--slow` adds the tests marked slow. Any other argument goes to pytest, and then only the two stages of tests run, in
one process unless `-n` asks for more: `./stoa test -k cart`, `./stoa test plugins/coupons -x`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct

ROOT = Path(__file__).parents[1]
NO_TESTS = 5
LINTED = ("core", "plugins", "tests", "bench", "wsgi.py")
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
CHINESE_FONT = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")


class Stage(Struct, frozen=True, kw_only=True):
    """A named step; `run` answers its exit code."""

    name: str
    run: Callable[[], int]


def main(arguments: list[str]) -> int:
    """Run the stages one after the other, all of them even when one fails; 1 if any did."""
    if {"-h", "--help"} & {*arguments}:
        print(f"usage: ./stoa test [--slow] [PYTEST ARGUMENT ...]\n\n{__doc__}")
        return 0
    os.chdir(ROOT)
    chosen = [argument for argument in arguments if argument != "--slow"]
    counts: Counter[str] = Counter()
    took: list[tuple[str, float, int]] = []
    with TemporaryDirectory(prefix="stoa-test-cache-") as cache:
        tests = Tests(arguments, counts, cache, in_workers=not chosen)
        for stage in [*(() if chosen else checks()), *tests.stages()]:
            print(f"== {stage.name}", flush=True)
            started = time.monotonic()
            code = stage.run()
            took.append((stage.name, time.monotonic() - started, code))
    if not counts["passed"] and not counts["failed"]:
        took.append(("no test was found", 0, NO_TESTS))
    report(took)
    print(f"{counts['passed']} passed, {counts['failed']} failed", flush=True)
    return int(any(code for _, _, code in took))


def report(took: list[tuple[str, float, int]]) -> None:
    """Print the seconds per stage."""
    print("\n== seconds per stage")
    for name, seconds, code in took:
        print(f"{name:<24}{seconds:>8.1f}  {'failed' if code else 'ok'}")
    print(f"{'together':<24}{sum(seconds for _, seconds, _ in took):>8.1f}")


def checks() -> Iterator[Stage]:
    """What is found without running the shop."""
    linted = [name for name in LINTED if Path(name).exists()]
    yield Stage(name="set-up", run=set_up)
    ruff = ("ruff", "check", "--quiet", "--output-format", "concise", "--config", ".ci/ruff.toml")
    yield Stage(name="lint", run=lambda: tool(*ruff, *linted))
    yield Stage(name="types", run=types)
    yield Stage(name="imports", run=import_contracts)


def tool(module: str, *arguments: str) -> int:
    """Run a tool of this Python; its own words are the output."""
    return subprocess.run([sys.executable, "-m", module, *arguments], check=False).returncode


def types() -> int:
    """Check types; meanwhile every test is collected once, so that not each worker compiles all of a bare clone."""
    collect = [sys.executable, "-m", "pytest", "-qq", "--collect-only"]
    with subprocess.Popen(collect, env=compiling(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        return tool("mypy", "core", "plugins")


def import_contracts() -> int:
    """Run import-linter, which has a command but no module to run."""
    script = "import importlinter.cli as cli; cli.lint_imports_command()"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stdout, done.stderr)
    return done.returncode


# -- set-up ----------------------------------------------------------------------------------------------------------


def set_up() -> int:
    """Fetch the browser and the Chinese fonts where root may; otherwise say in one line what is left out."""
    lacking = []
    if not any(map(shutil.which, CHROMIUM)):
        lacking.append("chromium")
    if not CHINESE_FONT.exists():
        lacking.append("fonts-noto-cjk")
    if lacking and not installed(lacking):
        left_out = "browser tests" if "chromium" in lacking else "Chinese letters in pictures"
        print(f"left out: {left_out} (install {' '.join(lacking)}; on Debian root gets them by itself)")
    return 0


def installed(packages: list[str]) -> bool:
    """Install Debian packages; False where this account or this system cannot."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    print(f"installing {' '.join(packages)} by apt-get", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
        done = subprocess.run(["apt-get", *words], env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            print(done.stderr.strip()[-400:])
            return False
    return True


# -- tests -----------------------------------------------------------------------------------------------------------


def workers() -> int:
    """A process of tests for each processor, and one more for where they wait for browsers and disks."""
    return min(9, (os.cpu_count() or 1) + 1)


def compiling() -> dict[str, str]:
    """The environment, in which what Python compiles is kept: dozens of tests start processes of their own."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


class Tests:
    """The suites, once per database.

    `counts` gathers what pytest's closing lines say; the folder `cache` keeps what the first has compiled for the next.
    """

    def __init__(self, arguments: list[str], counts: Counter[str], cache: str, *, in_workers: bool) -> None:
        self._command = [sys.executable, "-m", "pytest", "-q", *arguments]
        if "--slow" in arguments:
            # These may take minutes without hanging.
            self._command += ["-o", "faulthandler_timeout=1800"]
        if in_workers:
            self._command += ["-n", str(workers()), "--dist", "worksteal", "--durations", "5", "--durations-min", "5"]
        self._counts, self._cache = counts, cache

    def stages(self) -> Iterator[Stage]:
        """One stage per database."""
        yield Stage(name="tests on SQLite", run=lambda: self._run("sqlite"))
        yield Stage(name="tests on PostgreSQL", run=lambda: self._run("postgres"))

    def _run(self, database: str) -> int:
        """Run pytest and pass its words on as they come."""
        told = {"STOA_TEST_DATABASE": database, "STOA_TEST_CACHE": self._cache, "PYTHONUNBUFFERED": "1"}
        environment = {**compiling(), **told}
        pytest = subprocess.Popen(self._command, env=environment, stdout=subprocess.PIPE, text=True, bufsize=1)
        assert pytest.stdout is not None
        last = ""
        for line in pytest.stdout:
            print(line, end="", flush=True)
            last = line.strip() or last
        self._counts.update(closing_counts(last))
        code = pytest.wait()
        # A selection may hold nothing that touches a database.
        return 0 if code == NO_TESTS else code


def closing_counts(line: str) -> Counter[str]:
    """What a closing line such as `2 failed, 30 passed, 1 error in 4.50s` says; an error counts as failed."""
    counts: Counter[str] = Counter()
    for number, word in re.findall(r"(\d+) (passed|failed|errors?)\b", line):
        counts["passed" if word == "passed" else "failed"] += int(number)
    return counts


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
