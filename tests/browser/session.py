"""A page open in a browser, without the browser: Streamlit's own messages over a websocket to a real server."""

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from urllib.parse import urlsplit

from google.protobuf.message import Message
from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect

PATIENCE = 60.0
"""Seconds after which a script that has not ended is a TimeoutError."""

Result = TypeVar("Result")

_EARLY = ForwardMsg.ScriptFinishedStatus.FINISHED_EARLY_FOR_RERUN


def awaited(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """The result of a coroutine, from any thread: Playwright has an event loop in the one of the tests."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


class Session:
    """One visitor. A request is sent when the one before it has been answered, as a patient person clicks.

    Requests give the seconds until the script had ended. fragments: after how many seconds a browser asks for a part of
    the page again by itself, by the part's id.
    """

    def __init__(self, connection: ClientConnection, page: str):
        self.fragments: dict[str, float] = {}
        self._connection = connection
        self._elements: dict[tuple[int, ...], Element] = {}
        self._page, _, self._query = page.partition("?")
        self._script = ""
        self._widgets: dict[str, WidgetState] = {}
        self._awaited, self._came = "", 0.0

    async def rerun(self, fragment: str = "") -> float:
        """Run the page, or a part of it; the first request of a visitor is one too."""
        return await self._run(ClientState(fragment_id=fragment, is_auto_rerun=bool(fragment)))

    async def first(self, kind: str) -> float:
        """Run the page; the seconds until the first element of a kind, as `shown` names it, had come.

        Raises ValueError if none came.
        """
        self._awaited, self._came = kind, 0.0
        started = time.perf_counter()
        await self.rerun()
        self._awaited = ""
        if not self._came:
            raise ValueError(f"the page has no {kind}")
        return self._came - started

    async def press(self, label: str) -> float:
        """Press a button. Raises ValueError if the page has none of that label."""
        state = ClientState()
        state.widget_states.widgets.add(id=self._widget("button", label), trigger_value=True)
        return await self._run(state)

    async def choose(self, label: str, option: str) -> float:
        """Choose an option of a segmented control. Raises ValueError if the page has none of that label."""
        widget = self._widget("button_group", label)
        self._widgets[widget] = WidgetState(id=widget, string_array_value={"data": [option]})
        return await self.rerun()

    def shown(self, kind: str) -> Iterator[Message]:
        """The page's elements of one kind of Streamlit's protocol, such as heading, button, dataframe or exception."""
        for element in self._elements.values():
            if element.WhichOneof("type") == kind:
                yield getattr(element, kind)

    def errors(self) -> list[str]:
        """What the page says went wrong: uncaught exceptions, and the errors that it shows in a box."""
        boxes = [alert.body for alert in self.shown("alert") if alert.format == Alert.ERROR]
        return [f"{error.type}: {error.message}" for error in self.shown("exception")] + boxes

    def _widget(self, kind: str, label: str) -> str:
        found = [widget.id for widget in self.shown(kind) if widget.label == label]
        if not found:
            raise ValueError(f"the page has no {kind} {label!r}")
        return found[0]

    async def _run(self, state: ClientState) -> float:
        state.page_name, state.page_script_hash, state.query_string = self._page, self._script, self._query
        state.widget_states.widgets.extend(self._widgets.values())
        started = time.perf_counter()
        await self._connection.send(BackMsg(rerun_script=state).SerializeToString())
        async with asyncio.timeout(PATIENCE):
            while True:
                message = ForwardMsg.FromString(await self._connection.recv())
                kind = message.WhichOneof("type")
                if kind == "script_finished" and message.script_finished != _EARLY:
                    return time.perf_counter() - started
                self._take(kind, message)

    def _take(self, kind: str, message: ForwardMsg) -> None:
        if kind == "new_session" and not message.metadata.run.fragment_ids:
            self._script = message.new_session.page_script_hash
            self._elements.clear()
            self.fragments.clear()
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            element = self._elements[tuple(message.metadata.delta_path)] = message.delta.new_element
            if not self._came and element.WhichOneof("type") == self._awaited:
                self._came = time.perf_counter()
        elif kind == "page_info_changed":
            self._query = message.page_info_changed.query_string
        elif kind == "navigation":
            self._script = message.navigation.page_script_hash
        elif kind == "auto_rerun":
            self.fragments[message.auto_rerun.fragment_id] = message.auto_rerun.interval
        elif kind == "stop_auto_rerun":
            for fragment in message.stop_auto_rerun.fragment_ids:
                self.fragments.pop(fragment, None)


@asynccontextmanager
async def visit(address: str, page: str = "") -> AsyncIterator[Session]:
    """Connect to the server at `address`, such as http://localhost:8501, for a page that runs later.

    page: its URL name, and "?" and what follows in a link.
    """
    url = f"ws://{urlsplit(address).netloc}/_stcore/stream"
    # Pages are larger than the library's limit of 1 MiB a message.
    async with connect(url, origin=address, subprotocols=["streamlit"], max_size=None) as connection:
        yield Session(connection, page)
