"""What a page shows, as plain Python values."""

import json

from streamlit.testing.v1 import AppTest


def texts(app: AppTest) -> str:
    """All text of the page in one string, the links to other pages last."""
    kinds = (app.title, app.header, app.markdown, app.caption, app.info, app.warning, app.error)
    links = [element.proto.label for element in app.get("page_link")]
    return "\n".join([element.value for kind in kinds for element in kind] + links)


def figures(app: AppTest) -> list[dict]:
    """The Plotly figures of the page, as their JSON."""
    return [json.loads(element.proto.spec) for element in app.get("plotly_chart")]
