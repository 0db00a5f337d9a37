"""A headless Chromium, driven by Selenium."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
    "--disable-background-networking --disable-component-update --window-size=1366,900"
)
MISSING = "no Chromium with its driver is installed: the page was not opened"


def installed() -> tuple[str, str] | None:
    """Paths of Chromium and of its driver; None where one is missing."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    return None if program is None or driver is None else (program, driver)


@contextmanager
def chromium(profile: Path) -> Iterator[Any]:
    """A browser with a new profile; its logs of the console and of the network are kept.

    Raises:
        LookupError: it is not installed.
    """
    from selenium import webdriver

    paths = installed()
    if paths is None:
        raise LookupError(MISSING)
    options = webdriver.ChromeOptions()
    options.binary_location = paths[0]
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    for flag in [*FLAGS.split(), f"--user-data-dir={profile}"]:
        options.add_argument(flag)
    service = webdriver.chrome.service.Service(paths[1])
    with webdriver.Chrome(options=options, service=service) as opened:
        yield opened
