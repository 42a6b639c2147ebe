from urllib.parse import parse_qs, urlencode

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.reading import texts


def page():
    from pages._ui.links import linked_choice, linked_one

    labels = {"k1": "One", "k2": "Two", "k3": "Three"}
    linked_choice("run", "Runs", list(labels), ["k1", "k2"], labels.get)
    linked_one("baseline", "Baseline", list(labels), "k1", labels.get)


def parameters(app: AppTest) -> dict[str, list[str]]:
    return parse_qs(urlencode(dict(app.query_params), doseq=True), keep_blank_values=True)


@pytest.fixture
def app():
    return AppTest.from_function(page)


def test_a_choice_that_nobody_touched_is_in_the_link_by_key(app):
    app.run()
    assert parameters(app) == {"run": ["k1", "k2"], "baseline": ["k1"]}
    assert app.multiselect[0].value == ["k1", "k2"] and app.selectbox[0].value == "k1"


def test_a_choice_goes_to_the_link_and_comes_back_from_it(app):
    app.run()
    app.multiselect[0].set_value(["k3"]).run()
    app.selectbox[0].set_value("k2").run()
    assert parameters(app) == {"run": ["k3"], "baseline": ["k2"]}
    again = AppTest.from_function(page)
    again.query_params["run"], again.query_params["baseline"] = ["k3"], "k2"
    again.run()
    assert again.multiselect[0].value == ["k3"] and again.selectbox[0].value == "k2"


def test_choosing_nothing_is_a_choice(app):
    app.run()
    app.multiselect[0].set_value([]).run()
    assert parameters(app)["run"] == [""] and app.multiselect[0].value == []


def test_what_the_link_names_and_is_gone_is_said(app):
    app.query_params["run"], app.query_params["baseline"] = ["k2", "lost", "k1"], "lost"
    app.run()
    assert app.multiselect[0].value == ["k2", "k1"] and app.selectbox[0].value == "k1"
    assert "1 of the 3 that the link names are gone." in texts(app)


def test_a_session_finds_its_choice_again_without_the_link(app):
    app.run()
    app.multiselect[0].set_value(["k3"]).run()
    app.query_params.clear()
    app.run()
    assert app.multiselect[0].value == ["k3"] and parameters(app)["run"] == ["k3"]


def named():
    from av1core.translation import message
    from pages._ui.links import named_choice
    from pages._ui.words import language_choice

    language_choice()
    named_choice("View", [message("Gap"), message("Loss")], "view")
    named_choice("Views", [message("Gap"), message("Loss"), message("F1")], "views", ["Loss"])


@pytest.mark.parametrize(("language", "loss"), [("en", "Loss"), ("pt_BR", "Função de perda")])
def test_an_option_is_named_alike_in_the_links_of_all_languages(language, loss):
    app = AppTest.from_function(named)
    app.query_params["lang"] = language
    app.run()
    assert app.segmented_control(key="view").value == "Gap" and not {"view", "views"} & set(parameters(app))
    app.segmented_control(key="view").set_value(loss).run()
    app.segmented_control(key="views").set_value([loss, "Gap"]).run()
    link = parameters(app)
    assert link["view"] == ["Loss"] and link["views"] == ["Loss", "Gap"]
    again = AppTest.from_function(named)
    for name, values in link.items():
        again.query_params[name] = values
    again.run()
    assert again.segmented_control(key="view").value == "Loss"
    app.segmented_control(key="view").set_value("Gap").run()
    assert "view" not in parameters(app)
