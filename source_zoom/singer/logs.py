"""The log and the metrics of the tap, on stderr in the form of Singer's library."""

import logging
import sys
from collections.abc import Mapping

import orjson
from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets

from source_zoom.run import drop_traceback

metrics = logging.getLogger("airbyte.singer.metrics")


def to_stderr() -> None:
    """Send every log line to stderr: Airbyte's go to stdout, where a target wants messages only."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter("%(levelname)s %(message)s"))
    handler.addFilter(drop_traceback)
    logging.getLogger().handlers[:] = [handler]
    requests = logging.getLogger("airbyte.source_zoom.requests")
    requests.setLevel(logging.DEBUG)
    requests.addFilter(_request_metric)


def metric(kind: str, name: str, value: float, tags: Mapping[str, object]) -> None:
    """https://github.com/singer-io/getting-started/blob/master/docs/SYNC_MODE.md#metric-messages"""
    point = {"type": kind, "metric": name, "value": value, "tags": tags}
    metrics.info("METRIC: %s", orjson.dumps(point).decode())


def _request_metric(record: logging.LogRecord) -> bool:
    """Turn what the client logs about a request into a metric."""
    fields = vars(record)
    tags = {
        "endpoint": fields["stream"],
        "http_status_code": fields["status"],
        "status": "succeeded" if 200 <= fields["status"] < 300 else "failed",
    }
    metric("timer", "http_request_duration", round(fields["seconds"], 3), tags)
    return False


class _Formatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return filter_secrets(super().format(record))
