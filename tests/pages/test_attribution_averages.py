import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.reading import figures, texts


@pytest.fixture
def averages(show):
    """Opens the Averages view with these controls of the link."""

    return lambda **link: show("attribution", {"view": "Averages", **link})


def titles(app: AppTest) -> list[str]:
    return [figure["layout"]["title"]["text"] for figure in figures(app)]


def test_the_view_has_mean_maps_and_shares_of_the_evidence(averages, store):
    app = averages()
    if store == "empty":
        assert "no finished run" in texts(app) and not figures(app)
        return
    assert not app.error
    assert titles(app)[:2] == ["Mean maps: Integrated Gradients", "Share of the evidence: Integrated Gradients (%)"]
    assert "Showing" in texts(app) and "as evenly as" in texts(app)
    assert len(app.dataframe[0].value) == 9 * len(figures(app)[0]["data"])  # regions by groups
    assert next(box for box in app.selectbox if box.label == "Evidence for").value == "true"


@pytest.mark.parametrize("store", ["many"], indirect=True)
def test_two_runs_stand_side_by_side_with_the_difference_of_their_means(averages, store, trained):
    app = averages(run=trained.stage2, beside=f"{trained.stage2}-0", method="saliency")
    means, shares = figures(app)[:2]
    groups = len(means["data"]) // 3
    assert groups > 1 and len(means["data"]) == 3 * groups
    assert "the second minus the first" in str(means["layout"])
    assert len([trace for trace in shares["data"] if trace["showlegend"]]) == 2
    assert app.dataframe[0].value["run"].nunique() == 2


@pytest.mark.parametrize("store", ["many"], indirect=True)
def test_groups_signs_and_evidence_change_what_is_shown(averages, store):
    signed = averages(group="type", method="grad_cam")
    absolute = averages(group="type", method="grad_cam", values="Absolute", evidence="For alone")
    assert not signed.error and titles(signed)[0] == titles(absolute)[0] == "Mean maps: Grad-CAM of stem"
    for before, after in zip(figures(signed)[:2], figures(absolute)[:2], strict=True):
        assert len(before["data"]) == len(after["data"]) and before["data"][0] != after["data"][0]
    assert "Does HORZ_A look at the top?" in texts(signed)
    assert {"HORZ_A", "HORZ_B"} & set(signed.dataframe[1].value["type"])


@pytest.mark.parametrize("store", ["one"], indirect=True)
def test_methods_are_compared_when_asked_for(averages, store):
    assert not any("Rank correlation" in title for title in titles(averages()))
    app = averages(compare="true")
    assert not app.error
    agreement = next(figure for figure in figures(app) if "Rank correlation" in figure["layout"]["title"]["text"])
    assert len(agreement["data"][0]["x"]) >= 6
