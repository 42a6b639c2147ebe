"""Numbers and times as people read them."""

import math
import re
from datetime import datetime

from av1core.runs.progress import duration as duration


def plain(text: str) -> str:
    """Text that Markdown shows as it stands: a name must not become a link, an image or a formula."""
    return re.sub(r"([\\`*_\[\]()#!|$:<~])", r"\\\1", text)


def count(number: int, thing: str) -> str:
    """Such as "1 run" or "1,204 runs"."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def moment(time: float | None) -> str:
    """A Unix time as local date and time, such as "23 Nov, 15:04"; "–" if unknown."""
    return "–" if time is None or math.isnan(time) else datetime.fromtimestamp(time).strftime("%d %b, %H:%M")


def percent(share: float | None) -> str:
    """A share in [0, 1] as "58.53 %"; "–" if unknown."""
    return "–" if share is None or math.isnan(share) else f"{share:.2%}".replace("%", " %")
