"""The Report page: what it is about is chosen, and the files are what the core writes of it."""

from streamlit.proto.DownloadButton_pb2 import DownloadButton

from tests.pages.reading import texts
from tests.report.studies import batchnorm_study


def buttons(app) -> dict[str, DownloadButton]:
    """The download buttons by their labels."""
    return {each.proto.label: each.proto for each in app.get("download_button")}


def test_each_state_says_what_can_be_reported(show, store):
    app = show("report")
    if store == "empty":
        assert "no finished run" in texts(app) and not buttons(app)
        return
    assert ("No ready-made study" in texts(app)) == (store == "one")
    app.segmented_control(key="about").set_value("Experiments").run()
    assert not app.exception
    assert list(buttons(app)) == ["HTML file", "LaTeX folder"]
    assert {"one": "1 of 1 experiment of Stage 1", "many": "1 of 1 experiment of Stage 2"}[store] in texts(app)


def test_a_study_is_offered_with_what_there_is_of_it(show, runs_dir, trained):
    batchnorm_study(trained, runs_dir, seeds=2)
    app = show("report")
    assert [box.label for box in app.selectbox] == ["Study", "Base", "Language of the report"]
    assert "2 of 2 variants with 4 runs" in texts(app) and len(buttons(app)) == 2
    app.segmented_control(key="about").set_value("Experiments").run()
    app.multiselect[0].set_value([]).run()
    assert not app.exception and "Choose at least one" in texts(app) and not buttons(app)


def test_it_is_told_in_portuguese_and_the_report_begins_in_the_language_of_the_session(show, store):
    app = show("report", {"lang": "pt_BR", "about": "Experiments"})
    assert app.title[0].value == "Relatório"
    if store == "empty":
        assert "Não há execução concluída" in texts(app)
        return
    assert list(buttons(app)) == ["Arquivo HTML", "Pasta LaTeX"]
    language = next(box for box in app.selectbox if box.label == "Idioma do relatório")
    assert language.value == "pt_BR"
    app.segmented_control(key="lang").set_value("en").run()
    language = next(box for box in app.selectbox if box.label == "Language of the report")
    assert language.value == "en" and not app.exception
