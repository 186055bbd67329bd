"""Runs the tap-zoom of the environment that this file runs in, with Zoom's hosts turned to a simulator.

python real_tap_zoom.py <url of the simulator> <arguments of tap-zoom>
"""

import sys
from importlib.metadata import entry_points
from typing import Any

import requests

SIMULATOR = sys.argv.pop(1)
send = requests.Session.send


def send_to_simulator(
    self: requests.Session, request: requests.PreparedRequest, *arguments: Any, **options: Any
) -> requests.Response:
    for host in ("https://api.zoom.us", "https://zoom.us"):
        if request.url and request.url.startswith(host):
            request.url = SIMULATOR + request.url.removeprefix(host)
    return send(self, request, *arguments, **options)


requests.Session.send = send_to_simulator
(tap,) = entry_points(group="console_scripts", name="tap-zoom")
sys.argv[0] = "tap-zoom"
sys.exit(tap.load()())
