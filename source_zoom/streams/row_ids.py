"""Keys for rows to which Zoom gives none: attendance, and answers to polls and questions."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any

import orjson


def row_ids(
    rows: Sequence[Mapping[str, Any]], identity: Sequence[str], counts: Counter[bytes]
) -> Iterator[str]:
    """A key for each row: a hash over the fields that identify it and never change later.

    `counts` numbers rows that are equal in these fields, within a page in the order of their full
    content, and goes on from page to page. The same rows have the same keys in every sync.
    """
    digests = [_digest(row, identity) for row in rows]
    if len(set(digests)) < len(digests):
        ranks = sorted(range(len(rows)), key=lambda index: (digests[index], _content(rows[index])))
    else:
        ranks = list(range(len(rows)))
    keys = {}
    for index in ranks:
        digest = digests[index]
        number = counts[digest]
        counts[digest] += 1
        keys[index] = f"{digest.hex()}-{number}" if number else digest.hex()
    return (keys[index] for index in range(len(rows)))


def _digest(row: Mapping[str, Any], identity: Sequence[str]) -> bytes:
    # An empty field and an absent one are the same: Zoom is not consistent about them.
    values = [row.get(name) or None for name in identity]
    return blake2b(orjson.dumps(values, option=orjson.OPT_SORT_KEYS), digest_size=16).digest()


def _content(row: Mapping[str, Any]) -> bytes:
    return orjson.dumps(row, option=orjson.OPT_SORT_KEYS)
