"""What a backbone leaves of a block, part by part, beside the form that chooses it."""

from typing import Any

import streamlit as st

from pages._ui.analyses import geometry
from pages._ui.state import run_folder, shown_errors
from pages._ui.text import plain
from pages._ui.words import tell


def geometry_report(values: dict[str, Any]) -> None:
    """The geometry of the backbone of a form's values, or of their Stage-1 run, once it is opened: it needs torch."""
    report = st.expander(tell("Geometry of the backbone"), key="geometry", on_change="rerun")
    if not report.open:
        return
    with report, shown_errors(stop=False):
        if values["stage"] == "stage1":
            name, stem = values["backbone"]["name"], values["backbone"]["stem"]
        elif values["stage1_run"]:
            backbone = run_folder(values["stage1_run"]).spec().backbone
            name, stem = backbone.name, backbone.stem
        else:
            st.caption(tell("The geometry is that of the Stage-1 run's backbone; none is chosen."))
            return
        table, note = geometry(name, stem)
        said = " ".join(map(tell, note))
        st.markdown(tell("**{name}**, stem {stem}. {note}", name=plain(name), stem=stem, note=said))
        config = {
            "part": st.column_config.TextColumn(tell("Part")),
            "map": st.column_config.TextColumn(
                tell("Map (H×W)"), alignment="right",
                help=tell("Height and width in positions; the stem's before pooling."),
            ),
            "weights": st.column_config.NumberColumn(
                tell("Weights"), format="localized", help=tell("Of the convolutions, without gates and biases.")
            ),
            "live_weights": st.column_config.NumberColumn(
                tell("Live weights"), format="localized",
                help=tell("Those that can ever meet data; the others only ever meet padding."),
            ),
            "live_share": st.column_config.NumberColumn(tell("Live share"), format="%.1f %%"),
        }  # fmt: skip
        st.dataframe(table, hide_index=True, column_config=config, alt=said)
