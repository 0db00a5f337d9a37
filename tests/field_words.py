"""Words that no reader of the field knows, and where they stand in a text."""

from __future__ import annotations

import re

PRIVATE = re.compile(
    r"\b(tell|tells|told|telling|retold|luck|lucky|worlds?|history|histories|partings?|"
    r"live table|dearest|in 100(?! %))\b",
    re.IGNORECASE,
)
"""Words of no field, which the project once used for simulating, random numbers, replications."""

ALLOWED = (  # what may stay, and why
    r"`history`|sim\.history",  # the public name of the tables of historical records
    r"\bWorld\b",  # in titles and proper names
    r"partings\.csv",  # a file, whose name stays
)


def private(text: str) -> list[str]:
    """Lines of a text that hold a private word, exceptions aside."""
    found = []
    for line in text.splitlines():
        rest = line
        for allowed in ALLOWED:
            rest = re.sub(allowed, "", rest)
        if PRIVATE.search(rest):
            found.append(line.strip())
    return found


def texts_of_figure(svg: str) -> str:
    """Titles, labels, legends and captions of a figure, a line each."""
    return "\n".join(re.findall(r"<text[^>]*>(.*?)</text>", svg, re.S))
