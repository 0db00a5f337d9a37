"""Takes the pictures of the live page for docs/explore.md, of the page itself.

python docs/take_pictures.py
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "benchmarks")]

from chromium import chromium  # noqa: E402
from explore import served, wait  # noqa: E402

OUT = ROOT / "docs" / "explore"
LAPTOP, TABLET = (1366, 1130), (834, 1112)
ANSWERED = "return !!document.querySelector('figure.budget:not(.old) img[src]')"
RANKED = "return document.querySelector('.most')?.innerText.includes('500 replications')"


def sized(browser: Any, size: tuple[int, int], night: bool = False) -> None:
    """A window of a size in pixels, by day or by night."""
    frame = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False}
    look = {"name": "prefers-color-scheme", "value": "dark" if night else "light"}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", frame)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [look]})


def press(browser: Any, label: str) -> None:
    """Click the tab or button of this name."""
    script = (
        "return [...document.querySelectorAll('button, [role=tab]')].find(one =>"
        " [one.ariaLabel, one.innerText.trim()].includes(arguments[0]))"
    )
    browser.execute_script(script, label).click()


def take(browser: Any, name: str) -> None:
    """A picture of what the window shows."""
    time.sleep(1)  # what moves has come to rest
    browser.save_screenshot(str(OUT / f"{name}.png"))
    print(OUT / f"{name}.png")


def main() -> None:
    """All pictures."""
    OUT.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as scratch,
        served(Path(scratch) / "workspace") as (address, _),
        chromium(Path(scratch) / "profile") as browser,
    ):
        sized(browser, LAPTOP)
        browser.get(address)
        wait(browser, ANSWERED)
        wait(browser, RANKED)
        take(browser, "answers")
        press(browser, "One replication")
        wait(browser, "return !!document.querySelector('.replication img[src]')")
        browser.execute_script("document.querySelector('.below').scrollIntoView()")
        take(browser, "replication")
        press(browser, "What would flip it")
        wait(browser, "return !!document.querySelector('.switching table')")
        wait(browser, "return !document.querySelector('.switching [role=status]').innerText"
             ".endsWith('..')")  # fmt: skip
        browser.execute_script("document.querySelector('.below').scrollIntoView()")
        take(browser, "flips")
        sized(browser, TABLET, night=True)
        browser.get(address)
        wait(browser, ANSWERED)
        wait(browser, RANKED)
        browser.execute_script("document.querySelector('.below').scrollIntoView()")
        take(browser, "night")


if __name__ == "__main__":
    main()
