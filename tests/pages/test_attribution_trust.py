import pytest

from av1core.analysis.maps import examine
from pages._ui import attribution_trust
from tests.pages.reading import figures, texts


@pytest.fixture
def view(show, monkeypatch):
    """Opens the Trust view, with few blocks and methods, and with the link's further choices."""
    monkeypatch.setattr(attribution_trust, "COUNTS", (4, 6, 8))
    monkeypatch.setattr(attribution_trust, "START", ["saliency", "grad_cam"])

    return lambda **link: show("attribution", {"view": "Trust", **link})


def button(app):
    return app.button(key="trust-check")


def marks(app):
    return app.dataframe[0].value


def test_methods_are_checked_on_request_and_stay_so(view, store, monkeypatch):
    app = view()
    if store == "empty":
        assert "no finished run" in texts(app) and not figures(app)
        return
    assert "Not checked on these blocks yet: Saliency, Grad-CAM of stem" in texts(app)
    assert "drawn by a fixed seed" in texts(app) and not figures(app) and not app.dataframe
    button(app).click().run()
    assert not app.exception and not app.error
    assert marks(app)["method"].tolist() == ["Saliency", "Grad-CAM of stem"]
    assert all(mark[0] in "✓✕" for mark in marks(app)["randomisation"])
    titles = [figure["layout"]["title"]["text"] for figure in figures(app)]
    assert [title.split(":")[0] for title in titles] == ["Faithfulness", "Model randomisation"]
    assert button(app).disabled and "Not checked" not in texts(app)
    # Another page and back: nothing is checked again.
    monkeypatch.setattr(examine.Examination, "check", lambda *_: pytest.fail("checked again"))
    assert marks(view()).equals(marks(app))


@pytest.mark.parametrize("store", ["one"], indirect=True)
def test_a_method_that_fails_is_labelled_so(view, show, store, monkeypatch):
    whole = examine.cascaded
    same = lambda maps, *of: {part: 0 * each + 1 for part, each in whole(maps, *of).items()}  # noqa: E731
    monkeypatch.setattr(examine, "cascaded", same)
    app = view(checked="saliency")
    button(app).click().run()
    assert not app.exception
    (said,) = [each.value for each in app.markdown if "fails" in each.value and "Saliency" in each.value]
    assert "still resemble the trained model's" in said
    assert marks(app)["randomisation"].tolist() == ["✕ 1.00 ρ"]
    # The Block view says so beside the maps.
    assert said in [each.value for each in show("attribution").markdown]


@pytest.mark.parametrize("store", ["many"], indirect=True)
def test_a_second_run_is_checked_on_the_same_blocks(view, store, trained):
    app = view(stage="stage2", run=trained.stage2, beside=f"{trained.stage2}-0", checked="saliency")
    button(app).click().run()
    assert not app.exception and not app.error
    assert len(app.dataframe) == 2 and len(figures(app)) == 4
    # They have the same weights.
    assert app.dataframe[0].value.equals(app.dataframe[1].value)


@pytest.mark.parametrize("store", ["one"], indirect=True)
def test_other_blocks_or_another_class_are_another_check(view, store):
    app = view(checked="saliency")
    button(app).click().run()
    for key, value in (("target", "NONE"), ("trust-blocks", 4)):
        next(box for box in app.selectbox if box.key == key).set_value(value).run()
        assert not app.dataframe and "Not checked on these blocks yet: Saliency" in texts(app)
        assert not button(app).disabled
