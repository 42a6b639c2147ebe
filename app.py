"""AV1 Partition Lab: `streamlit run app.py`. The server around the pages; what they show begins in pages/_main.py."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from threading import Thread

import streamlit as st


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[dict]:
    """Import what the first page needs while the browser still loads its own part."""
    Thread(target=import_module, args=("pages._ui.widgets",), name="preload", daemon=True).start()
    yield {}


app = st.App("pages/_main.py", lifespan=lifespan)
