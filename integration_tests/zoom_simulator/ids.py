"""Identifiers that carry their place in the world.

Zoom's ids look random. Here they are the image of a small number under a permutation chosen by the seed, so
the server can turn an id back into "user 3, meeting 12, occurrence 5" without remembering any of them.
"""

import base64
import functools
import math
import zlib
from typing import Literal, NamedTuple
from urllib.parse import quote, unquote

Kind = Literal["meeting", "webinar"]
KINDS: tuple[Kind, ...] = ("meeting", "webinar")

_MASK = (1 << 64) - 1
_SLOT_BITS = 20
_NUMBER_BITS = 12
_USER_BITS = 24
_PAYLOAD_BITS = 104
_LOWEST_ID = 1 << 32
_ID_SPAN = 10**11 - _LOWEST_ID


@functools.lru_cache(maxsize=1024)
def _start(seed: int, word: str) -> int:
    tag = zlib.crc32(word.encode()) * 0x9E3779B97F4A7C15
    return seed * 0xD1342543DE82EF95 + tag & _MASK


def mix(seed: int, word: str, *parts: int) -> int:
    """64 well mixed bits that depend on nothing but the arguments (the finaliser of SplitMix64)."""
    x = _start(seed, word)
    for part in parts:
        x = (x ^ part) * 0xBF58476D1CE4E5B9 & _MASK
        x = (x ^ x >> 31) * 0x94D049BB133111EB & _MASK
        x ^= x >> 29
    return x


class Permutation:
    """A reversible scrambling of the numbers below 2**bits."""

    def __init__(self, seed: int, word: str, bits: int) -> None:
        self._mask = (1 << bits) - 1
        self._half = bits // 2
        self._factor = (mix(seed, word, 1) << 64 | mix(seed, word, 2) | 1) & self._mask
        self._shift = (mix(seed, word, 3) << 64 | mix(seed, word, 4)) & self._mask
        self._inverse = pow(self._factor, -1, self._mask + 1)

    def apply(self, number: int) -> int:
        x = (number ^ self._shift) * self._factor & self._mask
        x ^= x >> self._half
        return (x * self._factor + self._shift) & self._mask

    def undo(self, scrambled: int) -> int:
        x = (scrambled - self._shift) * self._inverse & self._mask
        x ^= x >> self._half
        return (x * self._inverse & self._mask) ^ self._shift


class Place(NamedTuple):
    """Where a meeting or webinar sits, and which of its occurrences is meant."""

    kind: Kind
    user: int
    slot: int
    number: int = 0


class Ids:
    """All identifiers of one world."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._users = Permutation(seed, "user", 128)
        self._occurrences = Permutation(seed, "occurrence", _PAYLOAD_BITS)
        self._factor = mix(seed, "numeric") % _ID_SPAN
        while math.gcd(self._factor, _ID_SPAN) != 1:
            self._factor += 1
        self._inverse = pow(self._factor, -1, _ID_SPAN)
        self._shift = mix(seed, "shift") % _ID_SPAN
        # A list has the same few of these in each of its rows.
        self.user = functools.lru_cache(maxsize=8192)(self._user)
        self.opaque = functools.lru_cache(maxsize=4096)(self._opaque)

    def _user(self, user: int) -> str:
        """22 characters that are safe in a URL."""
        return _text(self._users.apply(user).to_bytes(16, "big"), b"-_")[:22]

    def user_at(self, text: str) -> int | None:
        raw = _bytes(text + "==", b"-_") if len(text) == 22 else None
        number = self._users.undo(int.from_bytes(raw, "big")) if raw else -1
        return number if 0 <= number < 1 << _USER_BITS and self.user(number) == text else None

    def numeric(self, kind: Kind, user: int, slot: int) -> int:
        """The id of a meeting or webinar: 10 or 11 digits, more than 32 bits."""
        number = ((user << _SLOT_BITS) + slot) * 2 + KINDS.index(kind)
        return _LOWEST_ID + (number * self._factor + self._shift) % _ID_SPAN

    def place_of_number(self, number: int) -> Place | None:
        if not _LOWEST_ID <= number < _LOWEST_ID + _ID_SPAN:
            return None
        place, kind = divmod((number - _LOWEST_ID - self._shift) * self._inverse % _ID_SPAN, 2)
        return Place(KINDS[kind], place >> _SLOT_BITS, place & (1 << _SLOT_BITS) - 1)

    def uuid(self, kind: Kind, user: int, slot: int, number: int) -> str:
        """The UUID of one occurrence: base64 of 16 bytes."""
        packed = ((user << _SLOT_BITS | slot) << _NUMBER_BITS | number) << 1 | KINDS.index(kind)
        payload = self._occurrences.apply(packed)
        return _text(self._prefix(payload) + payload.to_bytes(_PAYLOAD_BITS // 8, "big"), b"+/")

    def place_of_uuid(self, text: str) -> Place | None:
        raw = _bytes(text, b"+/") if len(text) == 24 else None
        if raw is None:
            return None
        packed = self._occurrences.undo(int.from_bytes(raw[3:], "big"))
        number = packed >> 1 & (1 << _NUMBER_BITS) - 1
        slot = packed >> 1 + _NUMBER_BITS & (1 << _SLOT_BITS) - 1
        place = Place(KINDS[packed & 1], packed >> 1 + _NUMBER_BITS + _SLOT_BITS, slot, number)
        return place if place.user >> _USER_BITS == 0 and self.uuid(*place) == text else None

    def _opaque(self, word: str, *parts: int) -> str:
        """An id that never has to be turned back, such as a registrant's."""
        first, second = mix(self._seed, word, *parts, 1), mix(self._seed, word, *parts, 2)
        return _text((first << 64 | second).to_bytes(16, "big"), b"-_")[:22]

    def _prefix(self, payload: int) -> bytes:
        # Three bytes are four characters: enough to make awkward UUIDs frequent instead of one in a hundred.
        choice = mix(self._seed, "prefix", payload & _MASK)
        forms = {0: "/{}{}{}", 1: "{}//{}", 2: "{}+{}{}", 3: "{}/{}{}"}
        letters = [chr(ord("A") + (choice >> shift) % 26) for shift in (8, 16, 24, 32)]
        return base64.b64decode(forms.get(choice % 16, "{}{}{}{}").format(*letters))


def _text(raw: bytes, alphabet: bytes) -> str:
    return base64.b64encode(raw, alphabet).decode()


def _bytes(text: str, alphabet: bytes) -> bytes | None:
    try:
        return base64.b64decode(text, alphabet, validate=True)
    except ValueError:
        return None


def needs_double_encoding(uuid: str) -> bool:
    return uuid.startswith("/") or "//" in uuid


def quote_uuid(uuid: str) -> str:
    """A UUID as it must stand in a path."""
    once = quote(uuid, safe="")
    return quote(once, safe="") if needs_double_encoding(uuid) else once


def unquote_segment(segment: str) -> str | None:
    """The id in a raw path segment, or None when a UUID that needs it was not encoded twice."""
    once = unquote(segment)
    return None if needs_double_encoding(once) else unquote(once)
