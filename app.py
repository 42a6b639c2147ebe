"""AV1 Partition Lab: `streamlit run app.py`. The server around the pages; what they show begins in pages/_main.py."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from threading import Thread

import streamlit as st

from av1core import settings
from av1core.errors import LabError
from pages._ui.session_lock import share_session_locks

logger = logging.getLogger(__name__)


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[dict]:
    """Import what the first page needs while the browser still loads its own part, and train what waits.

    On the first start, where there is no folder of runs, the shipped ones are opened.

    When the server is stopped, its runs end as interrupted, and whoever opens it again can let them go on. A read-only
    server trains nothing.
    """
    settings.executor(), settings.ray_gpus()  # an error here is read at once by whoever set them
    _open_demo()
    Thread(target=_begin, name="begin", daemon=True).start()
    yield {}
    await asyncio.to_thread(_end)


def _open_demo() -> None:
    if settings.readonly() or not settings.is_first_start():
        return
    from av1core.runs.demo import open_demo

    try:
        open_demo(settings.runs_dir())
    except LabError as error:
        logger.warning("%s", error)


def _begin() -> None:
    for module in ("widgets", "compare_choice", "compare_curves", "compare_verdicts"):
        import_module(f"pages._ui.{module}")
    if not settings.readonly():
        import_module("pages._ui.state").workers().start()


def _end() -> None:
    import_module("pages._ui.state").workers().close()


share_session_locks()
app = st.App("pages/_main.py", lifespan=lifespan)
