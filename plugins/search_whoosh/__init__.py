"""Search by Whoosh, in pure Python."""
