"""A minimal shop: it boots with every plugin off."""

from __future__ import annotations

import os

from core.lib.spare import hollow, without

# Where zones lie; who does not say it makes `zoneinfo` read how this Python was built, which stays loaded: 1 MB.
os.environ.setdefault("PYTHONTZPATH", "/usr/share/zoneinfo:/usr/lib/zoneinfo:/usr/share/lib/zoneinfo:/etc/zoneinfo")

# Loaded here, before anything else asks for them, so that they take nothing along that a shop does without: the driver
# of the other database is 11 MB (db.configure() loads it where it is wanted), the way of structlog to colour traces,
# which no log of ours has, is 4, what runs coroutines and greenlets is 3, and so is what limits needs for stores other
# than memory, and to note in its documentation what came when. What msgspec takes of typing_extensions, typing has.
# Archives are for backups, which load them; plugins lie in folders.
with (
    without("bz2", "greenlet", "lzma", "psycopg", "psycopg2", "rich", "typing_extensions"),
    hollow(
        "asyncio",
        "limits.aio",
        "limits.storage.memcached:MemcachedStorage",
        "limits.storage.mongodb:MongoDBStorage MongoDBStorageBase",
        "limits.storage.redis:RedisStorage",
        "limits.storage.redis_cluster:RedisClusterStorage",
        "limits.storage.redis_sentinel:RedisSentinelStorage",
        "deprecated.sphinx:versionadded versionchanged",
        "importlib.resources",
        "importlib.resources.abc:ResourceReader Traversable TraversableResources",
        "packaging.version:Version",
        "structlog.stdlib",
        "structlog.testing:ReturnLogger ReturnLoggerFactory",
        "structlog.threadlocal",
        "structlog.twisted",
        "zipfile",
    ),
):
    import shutil as shutil
    from importlib import metadata as metadata

    import limits as limits
    import msgspec as msgspec
    import peewee as peewee
    import structlog as structlog
