"""The six import contracts of setup.cfg hold, and each catches a breach planted in a small copy of the house."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# A house in small: every kind of room once, all imports as they should be.
HOUSE = {
    "core/__init__.py": "",
    "core/api.py": "from core.catalogue.services import find\n",
    "core/app.py": "import core.storefront.views\n",
    "core/testing/__init__.py": "import core.app\n",
    "core/storefront/__init__.py": "",
    "core/storefront/views.py": "import core.catalogue.services\n",
    "core/panel/__init__.py": "",
    "core/panel/views.py": "import core.catalogue.services\n",
    "core/catalogue/__init__.py": "",
    "core/catalogue/models.py": "import core.kernel.db\n",
    "core/catalogue/services.py": "import core.catalogue.models\ndef find(): ...\n",
    "core/kernel/__init__.py": "",
    "core/kernel/db.py": "import core.lib.money\n",
    "core/kernel/plugins.py": "",
    "core/lib/__init__.py": "",
    "core/lib/money.py": "",
    "plugins/__init__.py": "",
    "plugins/coupons/__init__.py": "",
    "plugins/coupons/plugin.py": "import core.api\nimport plugins.coupons.services\n",
    "plugins/coupons/services.py": "import core.api\n",
    "plugins/coupons/tests/__init__.py": "",
    "plugins/coupons/tests/test_coupons.py": "import core.testing\n",
    "plugins/threads/__init__.py": "",
    "plugins/threads/api.py": "",
    "plugins/reviews/__init__.py": "",
    "plugins/reviews/plugin.py": "import plugins.threads.api\n",
}

BREACHES = {
    "1. Floors": {"core/kernel/db.py": "import core.catalogue.models\n"},
    "1. Floors (siblings)": {"core/panel/views.py": "import core.storefront.views\n"},
    "1. Floors (a new folder without a floor)": {"core/extras/__init__.py": ""},
    "2. Core": {"core/kernel/plugins.py": "import plugins.coupons.plugin\n"},
    "3. Plugins enter core": {"plugins/coupons/services.py": "import core.kernel.db\n"},
    "3. Plugins enter core (testing)": {"plugins/coupons/services.py": "import core.testing\n"},
    "4. Plugins never import": {"plugins/reviews/plugin.py": "import plugins.coupons.services\n"},
    "5. Inside a domain": {"plugins/coupons/services.py": "import plugins.coupons.plugin\n"},
    "5. Inside a domain (core)": {"core/catalogue/models.py": "import core.catalogue.services\n"},
    "6. No circles": {
        "core/lib/money.py": "import core.lib.text\n",
        "core/lib/text.py": "import core.lib.money\n",
    },
}


def build(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "import importlinter.cli as cli; cli.lint_imports_command()", "--no-cache"],
        cwd=folder,
        env={"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def house(tmp_path: Path) -> Path:
    build(tmp_path, HOUSE)
    shutil.copy(ROOT / "setup.cfg", tmp_path)
    return tmp_path


def test_a_house_in_order_keeps_all_six_contracts(house: Path) -> None:
    done = lint(house)
    assert "6 kept, 0 broken" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("contract", BREACHES)
def test_a_planted_breach_is_caught(house: Path, contract: str) -> None:
    build(house, BREACHES[contract])
    done = lint(house)
    broken = [line for line in done.stdout.splitlines() if " BROKEN" in line]
    assert done.returncode == 1, done.stdout + done.stderr
    assert any(line.startswith(contract.partition(" (")[0]) for line in broken), done.stdout
