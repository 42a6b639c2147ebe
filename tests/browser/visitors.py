"""Visitors who stay on pages of a real server for a while, and what their pages took."""

import asyncio
import math
import random
import time
from dataclasses import dataclass

from websockets.exceptions import WebSocketException

from tests.browser.session import visit


@dataclass(frozen=True)
class Answer:
    """What a visitor got for one request: the seconds until the script had ended, and what went wrong.

    live: the browser asked by itself, for the part of the page that shows what changes.
    """

    page: str
    live: bool
    seconds: float
    errors: tuple[str, ...]
    headings: tuple[str, ...]


async def stay(
    address: str, page: str, seconds: float, pause: tuple[float, float], chance: random.Random
) -> list[Answer]:
    """Open a page and, for so many seconds from then on, ask for it again after a pause drawn between two numbers.

    In between, live parts are asked for as a browser does. A lost connection is the last answer's error.
    """
    answers = []
    end = math.inf
    try:
        async with visit(address, page) as session:
            again, live, fragment = time.monotonic(), math.inf, ""
            while min(again, live) < end:
                asks_live = live < again
                await asyncio.sleep(min(again, live) - time.monotonic())
                taken = await session.rerun(fragment if asks_live else "")
                headings = tuple(heading.body for heading in session.shown("heading"))
                answers.append(Answer(page, asks_live, taken, tuple(session.errors()), headings))
                now = time.monotonic()
                end = min(end, now + seconds)
                again = again if asks_live else now + chance.uniform(*pause)
                fragment, interval = next(iter(session.fragments.items()), ("", math.inf))
                live = now + interval
    except (OSError, WebSocketException) as error:
        answers.append(Answer(page, False, math.nan, (f"{type(error).__name__}: {error}",), ()))
    return answers


async def crowd(
    address: str, pages: list[str], seconds: float, pause: tuple[float, float], seed: int
) -> list[list[Answer]]:
    """As `stay`, a visitor for each of `pages` at the same time; the answers of each."""
    chances = [random.Random(f"{seed} {number}") for number in range(len(pages))]
    visitors = (stay(address, page, seconds, pause, chance) for page, chance in zip(pages, chances, strict=True))
    return await asyncio.gather(*visitors)


async def launch(address: str) -> None:
    """Press the Launch page's button, with its form as it opens. Raises RuntimeError if the page shows an error."""
    async with visit(address, "launch") as session:
        await session.rerun()
        await session.press("Launch")
        if errors := session.errors():
            raise RuntimeError(f"nothing was launched: {errors[0]}")
