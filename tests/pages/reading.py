"""What a page shows, as plain Python values."""

import json

from streamlit.testing.v1 import AppTest


def texts(app: AppTest) -> str:
    """All text of the page in one string."""
    kinds = (app.title, app.header, app.markdown, app.caption, app.info, app.warning, app.error)
    return "\n".join(element.value for kind in kinds for element in kind)


def figures(app: AppTest) -> list[dict]:
    """The Plotly figures of the page, as their JSON."""
    return [json.loads(element.proto.spec) for element in app.get("plotly_chart")]
