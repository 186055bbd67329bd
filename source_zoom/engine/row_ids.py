"""Keys for rows to which Zoom gives none: attendance, and answers to polls and questions."""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

import orjson


class RowIds:
    """Gives keys to the rows of one list, page by page: hashes over fields that never change later.

    Rows that are equal in these fields are numbered, within a page in the order of their full content. The
    same rows have the same keys in every sync.
    """

    def __init__(self, fields: Sequence[str]) -> None:
        self._fields = fields
        # By the hash of the digest, which takes less memory: a list can have a hundred thousand rows.
        self._seen: dict[int, int] = {}

    def of(self, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        digests = [self._digest(row) for row in rows]
        new = dict.fromkeys(map(hash, digests), 1)
        if len(new) == len(rows) and new.keys().isdisjoint(self._seen):
            self._seen.update(new)
            return [digest.hex() for digest in digests]
        keys = [""] * len(rows)
        for index in sorted(range(len(rows)), key=lambda index: (digests[index], content_of(rows[index]))):
            digest = digests[index]
            number = self._seen.get(hash(digest), 0)
            self._seen[hash(digest)] = number + 1
            keys[index] = f"{digest.hex()}-{number}" if number else digest.hex()
        return keys

    def _digest(self, row: Mapping[str, Any]) -> bytes:
        # An empty field and an absent one are the same: Zoom is not consistent about them.
        values = [value or None for value in map(row.get, self._fields)]
        return blake2b(orjson.dumps(values, option=orjson.OPT_SORT_KEYS), digest_size=16).digest()


def content_of(row: Mapping[str, Any]) -> bytes:
    """All of a row, whatever the order in which Zoom gives it."""
    return orjson.dumps(row, option=orjson.OPT_SORT_KEYS)
