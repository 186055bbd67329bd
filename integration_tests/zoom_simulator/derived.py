"""Lists and mappings that are worked out anew at each look, because what they follow from may change."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

T = TypeVar("T")


class DerivedList(Sequence[str]):
    """Names as a function finds them now."""

    def __init__(self, find: Callable[[], Sequence[str]]) -> None:
        self._find = find

    def __getitem__(self, index: Any) -> Any:
        return self._find()[index]

    def __len__(self) -> int:
        return len(self._find())

    def __iter__(self) -> Iterator[str]:
        return iter(self._find())

    def __repr__(self) -> str:
        return repr(self._find())


class DerivedMap(Mapping[str, T]):
    """Values by name, as a function finds them now."""

    def __init__(self, find: Callable[[], Mapping[str, T]]) -> None:
        self._find = find

    def __getitem__(self, name: str) -> T:
        return self._find()[name]

    def __len__(self) -> int:
        return len(self._find())

    def __iter__(self) -> Iterator[str]:
        return iter(self._find())

    def __repr__(self) -> str:
        return repr(self._find())
