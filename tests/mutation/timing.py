"""A pytest plugin that writes how long each test took that passed, as JSON, to the file that SECONDS_FILE names."""

import json
import os
from pathlib import Path

_seconds = {}


def pytest_runtest_logreport(report):
    _seconds[report.nodeid] = _seconds.get(report.nodeid, 0.0) + report.duration
    if not report.passed:
        _seconds[report.nodeid] = float("inf")


def pytest_sessionfinish():
    passed = {test: taken for test, taken in _seconds.items() if taken < float("inf")}
    Path(os.environ["SECONDS_FILE"]).write_text(json.dumps(passed))
