"""A page open in a browser, without the browser: Streamlit's own messages over a websocket to a real server."""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from google.protobuf.message import Message
from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

_EARLY = ForwardMsg.ScriptFinishedStatus.FINISHED_EARLY_FOR_RERUN


class Session:
    """One visitor. A request is sent when the one before it has been answered, as a patient person clicks.

    fragments: the seconds after which a browser would ask for each part of the page again by itself, by the part's id.
    """

    def __init__(self, connection: ClientConnection, page: str):
        self.fragments: dict[str, float] = {}
        self._connection = connection
        self._elements: dict[tuple[int, ...], Element] = {}
        self._state = ClientState(page_name=page)

    async def rerun(self, fragment: str = "") -> float:
        """Run the page, or a part of it, and give the seconds until its script had ended."""
        state = ClientState()
        state.CopyFrom(self._state)
        if fragment:
            state.fragment_id, state.is_auto_rerun = fragment, True
        return await self._run(state)

    async def press(self, label: str) -> float:
        """As `rerun`, with a button pressed. Raises StopIteration if the page has none of that label."""
        state = ClientState()
        state.CopyFrom(self._state)
        button = next(button for button in self.shown("button") if button.label == label)
        state.widget_states.widgets.add(id=button.id, trigger_value=True)
        return await self._run(state)

    def shown(self, kind: str) -> Iterator[Message]:
        """The page's elements of one kind of Streamlit's protocol, such as heading, button, dataframe or exception."""
        for element in self._elements.values():
            if element.WhichOneof("type") == kind:
                yield getattr(element, kind)

    def errors(self) -> list[str]:
        """What the page says went wrong: uncaught exceptions, and the errors that it shows in a box."""
        boxes = [alert.body for alert in self.shown("alert") if alert.format == Alert.ERROR]
        return [f"{error.type}: {error.message}" for error in self.shown("exception")] + boxes

    async def _run(self, state: ClientState) -> float:
        started = time.perf_counter()
        await self._connection.send(BackMsg(rerun_script=state).SerializeToString())
        while True:
            message = ForwardMsg.FromString(await self._connection.recv())
            kind = message.WhichOneof("type")
            if kind == "script_finished" and message.script_finished != _EARLY:
                return time.perf_counter() - started
            self._take(kind, message)

    def _take(self, kind: str, message: ForwardMsg) -> None:
        if kind == "new_session" and not message.metadata.run.fragment_ids:
            self._state.page_script_hash = message.new_session.page_script_hash
            self._elements.clear()
            self.fragments.clear()
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            self._elements[tuple(message.metadata.delta_path)] = message.delta.new_element
        elif kind == "navigation":
            self._state.page_script_hash = message.navigation.page_script_hash
        elif kind == "auto_rerun":
            self.fragments[message.auto_rerun.fragment_id] = message.auto_rerun.interval
        elif kind == "stop_auto_rerun":
            for fragment in message.stop_auto_rerun.fragment_ids:
                self.fragments.pop(fragment, None)


@asynccontextmanager
async def visit(address: str, page: str = "") -> AsyncIterator[Session]:
    """Connect to the server at `address`, such as http://localhost:8501, for a page by its URL name; it runs later."""
    url = f"ws://{urlsplit(address).netloc}/_stcore/stream"
    # Pages are larger than the library's limit of 1 MiB a message.
    async with connect(url, origin=address, subprotocols=["streamlit"], max_size=None) as connection:
        yield Session(connection, page)
