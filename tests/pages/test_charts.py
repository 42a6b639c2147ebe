import pandas as pd
import streamlit as st
from streamlit.testing.v1 import AppTest


def page():
    import pandas as pd
    import plotly.graph_objects as go

    from pages._ui import charts

    charts.picture_format()
    charts.chart(go.Figure(go.Scatter(x=[1], y=[2], name="one"), {"title": "F1"}), "f1")
    charts.table(pd.DataFrame({"name": ["a_b"], "val_f1": [58.2149]}), {"name": "Run", "val_f1": "Val F1 (%)"}, "runs")


def test_a_chart_is_told_in_words_and_saved_in_the_chosen_format():
    app = AppTest.from_function(page).run()
    (chart,) = app.get("plotly_chart")
    assert chart.proto.alt == "F1. Shown: one." and '"format": "png"' in chart.proto.config
    app.segmented_control[0].set_value("SVG").run()
    assert '"format": "svg"' in app.get("plotly_chart")[0].proto.config
    assert app.segmented_control[0].value == "SVG"


def test_a_table_is_saved_as_csv_latex_and_markdown(monkeypatch):
    files = {}

    def record(label, data, name, *_, **__):
        files[name] = data()

    monkeypatch.setattr(st, "download_button", record)
    app = AppTest.from_function(page).run()
    assert isinstance(app.dataframe[0].value, pd.DataFrame)
    assert list(files) == ["runs.csv", "runs.tex", "runs.md"]
    assert files["runs.csv"].endswith("a_b,58.2149\n")
    assert r"a\_b & 58.21" in files["runs.tex"] and "| a_b | 58.21 |" in files["runs.md"]
