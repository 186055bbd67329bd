"""What can go wrong, each with one sentence that says what to do, and what becomes of a unit of work."""

from enum import Enum

from airbyte_cdk.models import AirbyteMessage, FailureType, StreamDescriptor
from airbyte_cdk.utils.traced_exception import AirbyteTracedException


class Outcome(Enum):
    """How a unit of work ends: a list, an object, a page of either, a month."""

    READ = "every page came"
    GONE = "Zoom says that there is nothing"
    NOT_YET = "there is nothing yet, and it will be asked for again"
    WITHHELD = "Zoom's plan or licence does not give it"
    UNREAD = "it could not be read"


class ZoomError(AirbyteTracedException):
    """A failure that one sentence explains; its trace message carries no stack trace.

    `failure_type` is Airbyte's: a config_error is the user's to mend, a transient_error goes away.
    """

    failure_type = FailureType.system_error

    def __init__(self, message: str, failure_type: FailureType | None = None) -> None:
        super().__init__(message, message, failure_type or type(self).failure_type)

    def as_airbyte_message(self, stream_descriptor: StreamDescriptor | None = None) -> AirbyteMessage:
        trace = super().as_airbyte_message(stream_descriptor)
        if trace.trace and trace.trace.error:
            trace.trace.error.stack_trace = None
        return trace


class ConfigError(ZoomError):
    """The config, the catalog, the state or the Zoom app must be changed."""

    failure_type = FailureType.config_error


class Unread(ZoomError):
    """One unit of work could not be read; its siblings can.

    words       why, without the name of the resource: the same for all that fail alike
    is_unknown  whether Zoom itself refused it, in words that no rule knows
    """

    def __init__(
        self,
        message: str,
        words: str,
        failure_type: FailureType = FailureType.system_error,
        *,
        is_unknown: bool = False,
    ) -> None:
        super().__init__(message, failure_type)
        self.words = words
        self.is_unknown = is_unknown


class Settled(Exception):
    """Zoom itself says that it gives nothing of this unit, and the table knows its words.

    outcome  GONE, NOT_YET or WITHHELD
    reason   the table's words for it
    """

    def __init__(self, outcome: Outcome, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.outcome = outcome
        self.reason = reason


class TooOld(Exception):
    """Zoom gives nothing of the first days that were asked for."""


class PageTokenLost(Exception):
    """The list must be read again from its first page."""


class StreamEnded(ZoomError):
    """Nothing more of this stream can be read in this sync."""


class Refused(StreamEnded):
    """The app or the account may not read this endpoint at all."""

    failure_type = FailureType.config_error


class ScopeMissing(Refused):
    """The app may not read this endpoint until it gets a scope."""


class CredentialsRefused(StreamEnded):
    """Zoom does not accept the credentials."""

    failure_type = FailureType.config_error


class HostDown(StreamEnded):
    """Zoom, or the way to it, has not worked for as long as requests are repeated."""

    failure_type = FailureType.transient_error


class DailyLimitReached(StreamEnded):
    """Zoom answers no more requests of this label today."""

    failure_type = FailureType.transient_error


def out_of_memory() -> ZoomError:
    """What to say where the system gives no more memory."""
    return ConfigError(
        "There is not enough memory: give the connector more, set num_workers to less, or select fewer"
        " streams."
    )
