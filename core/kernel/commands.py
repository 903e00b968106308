"""Commands of plugins, run by the command line and by one another."""

from __future__ import annotations

from collections.abc import Sequence

from core.kernel.installation import installation
from core.lib.errors import NotFound


def run_plugin_command(plugin: str, word: str, arguments: Sequence[str]) -> int:
    """Run `./stoa <plugin> <word> <arguments>` in this process; answers its exit code. Raises NotFound."""
    loaded = installation().plugins.loaded.get(plugin)
    if loaded is None or word not in loaded.plugin.commands:
        raise NotFound
    return int(loaded.plugin.commands[word](list(arguments)) or 0)
