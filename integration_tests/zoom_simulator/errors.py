"""Zoom's way to say no."""


class ZoomError(Exception):
    """An answer with a code and a message instead of data. The code is not the HTTP status."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"code": code, "message": message}
