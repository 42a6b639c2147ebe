"""Numbers and times as people read them, in the language of the session."""

import math
import re
from datetime import datetime

from av1core.runs.progress import duration as duration
from av1core.translation import MISSING
from pages._ui.words import words

_JOINED = re.compile(
    r"(?<=:)(?=//|material/|streamlit:)|(?<=www)(?=\.)|(?<=@)(?=\w)|(?<=[-<>~])(?=[->=]+(?:\s|$))", re.IGNORECASE
)
"""Where Markdown, when the escapes are gone, still finds addresses, icons, arrows and dashes."""


def plain(text: str) -> str:
    """Text that Markdown shows as it stands, in one line: a name must not become a link, an image or a formula."""
    line = _JOINED.sub("\u2060", " ".join(text.split()))  # with a word joiner, which nobody sees, it does not
    line = re.sub(r"([\\`*_\[\]()#!|$:<>~&])", r"\\\1", line)
    return re.sub(r"^(\d*)([-+=.])", r"\1\\\2", line)  # what would begin a list or a heading


def count(number: int, thing: str) -> str:
    """Such as "1 run" or "1,204 runs"."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def moment(time: float | None) -> str:
    """A Unix time as local date and time, such as "23 Nov, 15:04"; "–" if unknown."""
    return MISSING if time is None or math.isnan(time) else words().moment(datetime.fromtimestamp(time))


def percent(share: float | None) -> str:
    """A share in [0, 1] as "58.53 %"; "–" if unknown."""
    return words().number(share, ".2%").replace("%", " %")
