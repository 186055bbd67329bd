"""What can go wrong, each with one sentence that says what to do."""

from airbyte_cdk.models import AirbyteMessage, FailureType, StreamDescriptor
from airbyte_cdk.utils.traced_exception import AirbyteTracedException


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


class PageTokenLost(Exception):
    """The list must be read again from its first page."""
