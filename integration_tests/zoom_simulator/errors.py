"""Zoom's way to say no."""

from collections.abc import Mapping, Sequence


class ZoomError(Exception):
    """An answer with a code and a message instead of data. The code is not the HTTP status.

    `errors` says which parameters are wrong: objects of `field` and `message`.
    """

    def __init__(
        self, status: int, code: int, message: str, errors: Sequence[Mapping[str, str]] = ()
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"code": code, "message": message, **({"errors": errors} if errors else {})}
