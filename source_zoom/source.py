"""The source: check, discover and read over the streams, each of them read concurrently."""

import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, MutableMapping
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar, cast
from urllib.request import getproxies

import orjson
from airbyte_cdk.config_observation import (
    create_connector_config_control_message,
    emit_configuration_as_airbyte_control_message,
)
from airbyte_cdk.models import (
    AirbyteConnectionStatus,
    AirbyteMessage,
    AirbyteStateMessage,
    AirbyteStateType,
    AirbyteStream,
    AirbyteStreamStatus,
    ConfiguredAirbyteCatalog,
    FailureType,
    Status,
    StreamDescriptor,
    SyncMode,
)
from airbyte_cdk.sources import AbstractSource
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.message import InMemoryMessageRepository, MessageRepository
from airbyte_cdk.sources.streams import Stream
from airbyte_cdk.utils.airbyte_secrets_utils import add_to_secrets, filter_secrets
from airbyte_cdk.utils.stream_status_utils import as_airbyte_message as status_message
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_zoom.api.auth import OnTokensRotated, ZoomAuthenticator
from source_zoom.api.client import Sync
from source_zoom.api.clock import ZoomClock
from source_zoom.api.errors import advice
from source_zoom.api.rate_limits import HEAVY, Clock, RateLimits, RetryBudget
from source_zoom.api.scopes import Permissions
from source_zoom.api.session import ZoomSession
from source_zoom.config import migrate, parse, unused_keys, userinfo
from source_zoom.counts import Summary
from source_zoom.engine.cursor import StateOutput
from source_zoom.engine.falling_behind import behind
from source_zoom.engine.parents import Parent
from source_zoom.engine.reader import AlreadyTold, ConcurrentRead
from source_zoom.engine.stream import ZoomStream
from source_zoom.estimate import Estimate, told
from source_zoom.exceptions import (
    ConfigError,
    CredentialsRefused,
    HostDown,
    PageTokenLost,
    Refused,
    ScopeMissing,
    Settled,
    Unread,
    ZoomError,
)
from source_zoom.progress_log import ProgressLog
from source_zoom.streams import STREAMS
from source_zoom.streams.users import Users
from source_zoom.time_left import TimeLeft

logger = logging.getLogger("airbyte.source_zoom")

Contents = TypeVar("Contents")

CHECK_RETRY_SECONDS = 30.0
SPARE_CONNECTIONS = 150
ENDED = (AirbyteStreamStatus.COMPLETE, AirbyteStreamStatus.INCOMPLETE)
SEVERITY = (FailureType.config_error, FailureType.system_error, FailureType.transient_error)


class SourceZoom(AbstractSource):
    """Reads a Zoom account.

    `on_tokens_rotated` gets the whole config whenever Zoom has replaced the refresh token, before anything
    uses the new one; by default it becomes an Airbyte CONTROL message.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        on_tokens_rotated: OnTokensRotated | None = None,
        progress_seconds: float = 30.0,
        user_agent: str = "",
    ) -> None:
        self._clock = clock or Clock()
        self._on_tokens_rotated = on_tokens_rotated or self._tell_platform
        self._progress_seconds = progress_seconds
        self._user_agent = user_agent
        self._messages = InMemoryMessageRepository()
        self._stop: Callable[[int], None] = lambda code: None
        self._stopped_with: int | None = None

    @property
    def name(self) -> str:
        return "source-zoom"

    @property
    def message_repository(self) -> MessageRepository:
        return self._messages

    @staticmethod
    def read_config(config_path: str) -> MutableMapping[str, Any]:
        return _readable("config", AbstractSource.read_config, config_path)

    @classmethod
    def read_catalog(cls, catalog_path: str) -> ConfiguredAirbyteCatalog:
        return _readable("catalog", super().read_catalog, catalog_path)

    @classmethod
    def read_state(cls, state_path: str) -> list[AirbyteStateMessage]:
        return _readable("state", super().read_state, state_path)

    def configure(self, config: Mapping[str, Any], temp_dir: str) -> MutableMapping[str, Any]:
        """Migrate and check the config; a migrated one is told to the platform. Writes no file."""
        migrated = migrate(config)
        for key in unused_keys(parse(migrated), migrated):
            logger.warning(
                f"The config has the key {key}, which nothing uses: check its spelling, or take it out."
            )
        if migrated != config:
            self._messages.emit_message(create_connector_config_control_message(migrated))
        return migrated

    def check(self, logger: logging.Logger, config: Mapping[str, Any]) -> AirbyteConnectionStatus:
        succeeded, message = self.check_connection(logger, config)
        status = Status.SUCCEEDED if succeeded else Status.FAILED
        return AirbyteConnectionStatus(status=status, message=message and filter_secrets(message))

    def check_connection(self, logger: logging.Logger, config: Mapping[str, Any]) -> tuple[bool, str | None]:
        sync = self._sync(config, retry_seconds=CHECK_RETRY_SECONDS)
        try:
            sync.authenticator.token()
            permissions = Permissions(sync.authenticator.scopes)
            if permissions.is_user_managed:
                return False, (
                    "The Zoom app is user-managed, so it sees one user only: its scopes do not end in :admin."
                    " Create an admin-managed app or a Server-to-Server OAuth app, then reconnect."
                )
            if not permissions.granted:
                permissions = _probe(sync)
            behind: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
            for stream in STREAMS:
                behind[tuple(stream.missing_scopes(permissions))].append(stream.stream_name())
            readable = behind.pop((), [])
            if not readable:
                missing = sorted({scope for scopes in behind for scope in scopes})
                return False, f"The Zoom app may read none of the streams. {advice(missing)}"
            with suppress(ScopeMissing):
                Users(sync).probe()
            # One line for each set of scopes: with forty streams, one for each would hide what is to be done.
            lacking = [str(_may_not_read(names, scopes)) for scopes, names in behind.items()]
            for names, refusal in _refused_products(sync, readable):
                if names == readable:
                    return False, str(refusal)
                lacking.append(str(refusal))
        except ZoomError as error:
            return False, str(error)
        costs = (cost for kind in with_parents(STREAMS) for cost in kind.scope_warnings(permissions))
        for warning in [*lacking, *sorted(costs)]:
            logger.warning(warning)
        return True, None

    def estimate(self, config: Mapping[str, Any]) -> Iterator[str]:
        """What a sync of all streams that the app may read will take, in lines for people."""
        sync = self._sync(config)
        sync.authenticator.token()
        lacking = _scope_errors(STREAMS, Permissions(sync.authenticator.scopes))
        readable = [stream for stream in STREAMS if stream.stream_name() not in lacking]
        estimate = Estimate(build(readable, sync), sync)
        estimate.unknown.update({name: str(error) for name, error in lacking.items()})
        return told(estimate, sync.limits)

    def streams(self, config: Mapping[str, Any]) -> list[Stream]:
        return list(build(STREAMS, self._sync(config)))

    def read(
        self,
        logger: logging.Logger,
        config: Mapping[str, Any],
        catalog: ConfiguredAirbyteCatalog,
        state: list[AirbyteStateMessage] | None = None,
    ) -> Iterator[AirbyteMessage]:
        classes = {stream_class.stream_name(): stream_class for stream_class in STREAMS}
        names = list(dict.fromkeys(configured.stream.name for configured in catalog.streams))
        unknown = {name: _unknown_stream(name) for name in names if name not in classes}
        sync = self._sync(config)
        _sign_in(sync)
        wanted = [classes[name] for name in names if name in classes]
        refused = unknown | _scope_errors(wanted, Permissions(sync.authenticator.scopes))
        failures: dict[str, FailureType | None] = {}
        for name, refusal in refused.items():
            failures[name] = refusal.failure_type
            yield refusal.as_airbyte_message(StreamDescriptor(name=name))
            yield status_message(AirbyteStream(name, {}, []), AirbyteStreamStatus.INCOMPLETE)
        read = ConcurrentRead(sync.config.num_workers, self._messages, sync.summary)
        streams = build([known for known in wanted if known.stream_name() not in refused], sync)
        self._begin(read, streams, catalog, _states(state))
        ended: set[str] = set()
        done, left = partial(_done, names, ended, streams), partial(str, TimeLeft(streams, sync))
        progress = ProgressLog(sync.summary, sync.limits, done, left, self._progress_seconds)
        try:
            with progress:
                for message in read.messages():
                    _note(message, ended, failures)
                    yield message
        except AirbyteTracedException:
            # The CDK's error at the end repeats those of the streams, with their stack traces.
            if not failures:
                raise
        finally:
            is_used_up = sync.limits.budget(HEAVY).is_closed
            _close(sync)
            _tell_end(sync.summary, behind(streams, sync.summary) if is_used_up else ())
        if failures:
            raise _not_complete(names, failures, sync.summary.failures())

    def _begin(
        self,
        read: ConcurrentRead,
        streams: Iterable[ZoomStream],
        catalog: ConfiguredAirbyteCatalog,
        states: ConnectorStateManager,
    ) -> None:
        """Let the streams be read, each from its state, and the reading be stopped."""
        self._stop = read.queue.stop
        if self._stopped_with is not None:
            self._stop(self._stopped_with)
        modes = {one.stream.name: one.sync_mode for one in catalog.streams}
        resumed = []
        for stream in streams:
            state = states.get_stream_state(stream.name, None)
            read.add(stream, stream.make_cursor(state, StateOutput(read.queue, self._messages)))
            if state and stream.has_cursor() and modes[stream.name] is SyncMode.full_refresh:
                resumed.append(stream.name)
        _warn_of_resumed(resumed)

    def stop(self, code: int) -> None:
        """End a reading early: `read` gives out what is there and then raises Stopped with this exit code."""
        self._stopped_with = code
        self._stop(code)

    def _tell_platform(self, config: dict[str, Any]) -> None:
        emit_configuration_as_airbyte_control_message(config)
        logger.info(
            "Zoom has replaced the refresh token, and a CONTROL message holds the new one. Nobody stores it"
            " with docker run, with PyAirbyte, and in the check of a source that is not saved yet: there"
            " authorize the app again for the next sync, or use a Server-to-Server OAuth app."
        )

    def _sync(self, config: Mapping[str, Any], retry_seconds: float = RetryBudget.seconds) -> Sync:
        parsed = parse(config)
        for url in (parsed.api_url, parsed.token_url, *getproxies().values()):
            add_to_secrets(userinfo(url))
        session = ZoomSession(parsed.num_workers + SPARE_CONNECTIONS, self._user_agent)
        retries = RetryBudget(self._clock, retry_seconds)
        zoom_clock = ZoomClock()
        return Sync(
            config=parsed,
            session=session,
            authenticator=ZoomAuthenticator(
                parsed,
                cast("dict[str, Any]", config),
                session,
                retries,
                self._on_tokens_rotated,
                zoom_clock,
            ),
            limits=RateLimits(parsed.rate_limit_plan, parsed.rate_limit_share, self._clock),
            retries=retries,
            clock=zoom_clock,
            summary=Summary(),
            generated=threading.Condition(),
        )


def _sign_in(sync: Sync) -> None:
    """Get a token once for all streams: bad credentials cost one request, and scopes and clock are known."""
    sync.authenticator.token()
    if not sync.clock.is_known:
        # A stored token came without an answer of Zoom's, whose clock counts.
        with suppress(Unread, Refused, Settled, PageTokenLost):
            Users(sync).probe()


def _close(sync: Sync) -> None:
    """Let threads that still run where the reading was ended early ask for nothing more."""
    # The error is a new one for each: one for all would hold on to what all of them were doing.
    sync.limits.close(AlreadyTold)
    sync.authenticator.close(AlreadyTold)
    sync.session.close()


def _note(message: AirbyteMessage, ended: set[str], failures: dict[str, FailureType | None]) -> None:
    """Take notice of a stream's end, and of its first error."""
    if message.trace and (status := message.trace.stream_status) and status.status in ENDED:
        ended.add(status.stream_descriptor.name)
    if message.trace and (error := message.trace.error) and error.stream_descriptor:
        failures.setdefault(error.stream_descriptor.name, error.failure_type)


def _done(names: Collection[str], ended: Collection[str], streams: Iterable[ZoomStream]) -> str:
    """How far a sync is: the streams that have ended, and which day all others have come to."""
    days = [one.days.progress.day for one in streams if one.days and one.name not in ended]
    come_to = f", the others by day have come to {min(filter(None, days))}" if days and all(days) else ""
    return f"{len(ended)} of {len(names)} streams done{come_to}"


def _warn_of_resumed(names: Collection[str]) -> None:
    if names:
        logger.warning(
            f"Full refresh goes on from a state, so it does not read everything: {', '.join(names)}."
            " Clear the state if it is not that of an attempt that was broken off."
        )


def _tell_end(summary: Summary, lacking: Iterable[str]) -> None:
    """Say what was read of each stream and list, and then what of it is missing."""
    for line in summary.lines():
        logger.info(line)
    for sentence in [*summary.warnings(), *lacking]:
        logger.warning(sentence)


def _not_complete(
    names: Iterable[str], failures: Mapping[str, FailureType | None], found: Mapping[str, str]
) -> ZoomError:
    """The error of a sync, which names the streams and lists that could not be read completely."""
    worst = next(kind for kind in SEVERITY if kind in failures.values())
    incomplete = dict.fromkeys([*(name for name in names if name in failures), *found])
    named = (f"{name} ({found[name]})" if name in found else name for name in incomplete)
    return ZoomError(f"Not read completely: {', '.join(named)}. The errors above say why.", worst)


def build(classes: Iterable[type[ZoomStream]], sync: Sync) -> list[ZoomStream]:
    """Streams with their parents, and the parents' parents: each class once, each parent shared."""
    built: dict[type[Parent], Parent] = {}
    children: defaultdict[type[Parent], list[type[Parent]]] = defaultdict(list)

    def get(parent_class: type[Parent]) -> Parent:
        if parent_class not in built:
            parents = [get(parent) for parent in parent_class.parent_classes()]
            for parent in parent_class.parent_classes():
                children[parent].append(parent_class)
            built[parent_class] = parent_class(sync, *parents)
        return built[parent_class]

    streams = [get(stream_class) for stream_class in classes]
    for parent, found in children.items():
        built[parent].attach_children([built[child] for child in found])
    return cast("list[ZoomStream]", streams)


def with_parents(classes: Iterable[type[Parent]]) -> set[type[Parent]]:
    """Streams, their parents, and the parents' parents."""
    found = set(classes)
    return found.union(*(with_parents(one.parent_classes()) for one in found))


def _scope_errors(classes: Iterable[type[ZoomStream]], permissions: Permissions) -> dict[str, ConfigError]:
    """What to say about the streams for which the app lacks a scope."""
    return {
        stream_class.stream_name(): _may_not_read([stream_class.stream_name()], missing)
        for stream_class in classes
        if (missing := stream_class.missing_scopes(permissions))
    }


def _may_not_read(names: Iterable[str], missing: Iterable[str]) -> ConfigError:
    return ConfigError(f"The app may not read {', '.join(names)}. {advice(missing)}")


def _probe(sync: Sync) -> Permissions:
    """Find out what the app may read, one small request for each kind, where the token does not say."""
    kinds = [kind for kind in with_parents(STREAMS) if issubclass(kind, ZoomStream)]
    refused = set()
    for stream in build(kinds, sync):
        try:
            stream.probe()
        except ScopeMissing:
            refused.add(stream.scopes)
        except (CredentialsRefused, HostDown):
            raise
        except (ZoomError, Settled, PageTokenLost):
            # Whatever else Zoom says to this question, it has let the app ask.
            continue
    return Permissions(refused=refused)


def _refused_products(sync: Sync, readable: Collection[str]) -> Iterator[tuple[list[str], ConfigError]]:
    """The streams of each product of which Zoom refuses the first endpoint, and what to say of them."""
    behind: defaultdict[str, list[type[ZoomStream]]] = defaultdict(list)
    for stream in STREAMS:
        if stream.product and stream.stream_name() in readable:
            behind[stream.product].append(stream)
    for product, streams in behind.items():
        try:
            build(streams[:1], sync)[0].probe()
        except (CredentialsRefused, HostDown):
            raise
        except ScopeMissing:
            # It is the app's scope, and says nothing about the account.
            continue
        except Refused as refused:
            names = [stream.stream_name() for stream in streams]
            sentence = f"Zoom refuses {product}, so {', '.join(names)} cannot be read. {refused}"
            yield names, ConfigError(sentence)
        except (ZoomError, Settled, PageTokenLost):
            continue


def _states(state: list[AirbyteStateMessage] | None) -> ConnectorStateManager:
    """The states that streams go on from; a warning for what the CDK would leave out in silence."""
    usable = []
    for given in state or ():
        is_odd = given.stream and (given.stream.stream_descriptor.namespace is not None or _is_deep(given))
        if given.stream and is_odd:
            name = given.stream.stream_descriptor.name
            logger.warning(f"{name}: the state is not one of this connector's, so everything is read again.")
            continue
        usable.append(given)
        if given.type not in (AirbyteStateType.STREAM, AirbyteStateType.GLOBAL):
            logger.warning("The state is a legacy one, which this connector never wrote: it is not used.")
    try:
        return ConnectorStateManager(usable)
    except ValueError:
        logger.warning("The state is a global one, which this connector never wrote: it is not used.")
        return ConnectorStateManager()


def _is_deep(state: AirbyteStateMessage) -> bool:
    """Whether a stream's state is nested too deep to be written again, and for the CDK to copy it."""
    try:
        orjson.dumps(state.stream and vars(state.stream.stream_state))
    except TypeError:
        return True
    return False


def _readable(what: str, read: Callable[[str], Contents], path: str) -> Contents:
    """Read one of Airbyte's input files; whatever is wrong with it becomes one sentence."""
    try:
        return read(path)
    except FileNotFoundError:
        raise ConfigError(f"There is no {what} file {path}: check the path.") from None
    except Exception as error:
        # The CDK's readers raise a dozen types, and some of their texts quote the whole file.
        detail = " ".join(str(error).split())[:300] or type(error).__name__
        raise ConfigError(f"The {what} file {path} is not a valid Airbyte {what}: {detail}") from None


def _unknown_stream(name: str) -> ConfigError:
    return ConfigError(
        f"The catalog names the stream {name!r}, which this connector does not have: refresh the source's"
        " schema in the connection's settings, or take the stream out of the catalog."
    )
