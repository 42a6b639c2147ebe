import json
import shutil
import time
from pathlib import Path

import pytest

from av1core.analysis.hypotheses import MOST_STATEMENT
from av1core.analysis.ledger import Ledger
from av1core.runs.folder import RunFolder
from tests.pages.reading import figures, texts

MINE = {"statement": "PolyLoss helps.", "low": 2.0, "high": 3.0, "study": "loss", "variant": "PolyLoss"}
FIX = {"statement": "The fix helps.", "low": -9.0, "high": 9.0, "study": "batchnorm", "variant": "BN eval"}


@pytest.fixture
def ledger(runs_dir) -> Ledger:
    return Ledger(runs_dir)


@pytest.fixture
def study(runs_dir, trained) -> None:
    """The Stage-2 run as a baseline of two seeds, and as a variant with the BN fix."""
    for batchnorm in ("train", "eval"):
        for seed in (0, 1):
            folder = RunFolder(shutil.copytree(trained.runs_dir / trained.stage2, runs_dir / f"{batchnorm}-{seed}"))
            spec = json.loads(folder.spec_file.read_text())
            spec |= {"seed": seed, "adapter": spec["adapter"] | {"batchnorm": batchnorm}}
            folder.spec_file.write_text(json.dumps(spec))


def press(app, key: str):
    """Press the button of a form by its key."""
    next(button for button in app.button if button.key == key).click().run()
    assert not app.exception, app.exception
    return app


def titles(app) -> list[str]:
    return [heading.value for heading in app.header if heading.value.startswith("H")]


def test_the_thesis_hypothesis_is_there_in_every_state(show, store):
    app = show("hypotheses")
    assert titles(app) == [
        r"H1: Stage 2 gains when BatchNorm of the frozen backbone stays in eval mode \(the BN fix\)."
    ]
    shown = texts(app).replace("\\", "")
    assert "+1 to +2 pp" in shown and "date not recorded in the thesis" in shown and "“partially confirmed”" in shown
    assert "As reported" in shown and "+0.32 pp, Exp 03 against Baseline, 1 seed" in shown
    assert "not established" in shown and "as an example" in shown
    assert "the thesis kept, as reported: **+0.32 pp** over its Baseline" in shown
    assert {"How verdicts are reached", "History: 2 entries"} == {each.label for each in app.expander}
    (figure,) = figures(app)
    assert len(figure["data"]) == 3 and figure["data"][0]["x"] == [1.0, 2.0]


def test_a_result_of_runs_takes_the_place_of_the_reported_one(show, study, ledger):
    app = show("hypotheses")
    shown = texts(app).replace("\\", "")
    assert "+0.32 pp, Exp 03 against Baseline" in shown and "95 % interval over seeds" in shown
    assert "(2 pairs)" in shown and "Data: tiny, split by source." in shown
    time.sleep(0.01)
    ledger.add(**FIX)
    shown = texts(app.run()).replace("\\", "")
    assert "Written after 2 runs of the variant had begun." in shown and "as an example" not in shown
    assert len(figures(app)) == 2


def test_write_one_down(show, ledger):
    app = show("hypotheses")
    assert "Write it before the runs" in texts(app)
    app.text_area(key="new-1-statement").set_value("PolyLoss helps.")
    app.selectbox(key="new-1-variant").set_value(("loss", "PolyLoss"))
    app.number_input(key="new-1-low").set_value(2.0)
    app.number_input(key="new-1-high").set_value(3.0)
    before = time.time()
    press(app, "new-1-save")
    written = ledger.get("H2").now
    assert {name: getattr(written, name) for name in MINE} == MINE and before <= written.time <= time.time()
    assert titles(app)[1] == "H2: PolyLoss helps." and app.text_area(key="new-2-statement").value == ""
    assert "No run of the study has finished." in texts(app) and "shipped" not in app.markdown[-1].value


def test_what_is_not_valid_is_said_and_what_was_typed_stays(show, ledger):
    app = show("hypotheses")
    app.text_area(key="new-1-statement").set_value("PolyLoss helps.")
    app.number_input(key="new-1-low").set_value(5.0)
    press(app, "new-1-save")
    assert "low: 5 pp lies above high" in app.error[0].value.replace("\\", "")
    assert app.text_area(key="new-1-statement").value == "PolyLoss helps." and len(ledger.read().hypotheses) == 1
    assert app.text_area(key="new-1-statement").max_chars == MOST_STATEMENT


def test_an_edit_keeps_what_was_said_and_changes_only_what_was_changed(show, ledger):
    ledger.add(**MINE)
    app = show("hypotheses")
    app.number_input(key="edit-H2-1-low").set_value(1.0)
    ledger.edit("H2", statement="PolyLoss helps much.")  # by somebody else meanwhile
    press(app, "edit-H2-1-save")
    revisions = ledger.get("H2").revisions
    assert [(each.statement, each.low) for each in revisions] == [
        ("PolyLoss helps.", 2.0), ("PolyLoss helps much.", 2.0), ("PolyLoss helps much.", 1.0),
    ]  # fmt: skip
    shown = texts(app).replace("\\", "")
    assert "changed low from +2 pp to +1 pp." in shown and "“PolyLoss helps.” Predicted +2 to +3 pp" in shown
    assert app.number_input(key="edit-H2-3-low").value == 1.0


def test_a_shipped_one_is_changed_as_a_copy(show, ledger):
    app = show("hypotheses")
    app.number_input(key="edit-H1-1-low").set_value(0.5)
    press(app, "edit-H1-1-save")
    assert not ledger.get("H1").shipped and ledger.get("H1").now.low == 0.5
    assert "as an example" not in texts(app) and "date not recorded in the thesis" in texts(app)


def test_a_decision_and_its_reasons(show, ledger):
    ledger.add(**MINE)
    app = show("hypotheses")
    app.segmented_control(key="decide-H2-0-choice").set_value("discard")
    app.text_area(key="decide-H2-0-reasons").set_value("It costs too much.")
    press(app, "decide-H2-0-save")
    assert ledger.get("H2").decision.reasons == "It costs too much."
    assert "decided discard. It costs too much." in texts(app) and "**Decision**: discard, " in texts(app)
    assert app.text_area(key="decide-H2-1-reasons").value == "It costs too much."


def test_a_damaged_file_is_named_and_the_others_are_there(show, ledger, runs_dir):
    ledger.add(**MINE)
    ledger.add(**MINE | {"study": "batchnorm", "variant": "BN eval"})
    file: Path = runs_dir / ".lab" / "hypotheses" / "H2.json"
    file.write_text("{")
    app = show("hypotheses")
    assert [title[:3] for title in titles(app)] == ["H1:", "H3:"] and "H2.json" in app.error[0].value


def test_one_of_a_study_that_is_no_more_can_be_given_another(show, ledger, runs_dir):
    ledger.add(**MINE)
    file: Path = runs_dir / ".lab" / "hypotheses" / "H2.json"
    file.write_text(file.read_text().replace('PolyLoss"', 'Gone"'))
    app = show("hypotheses")
    assert "none called 'Gone'" in texts(app).replace("\\", "")
    box = app.selectbox(key="edit-H2-1-variant")
    assert box.value == ("loss", "Gone")
    box.set_value(("loss", "PolyLoss"))
    press(app, "edit-H2-1-save")
    assert ledger.get("H2").now.variant == "PolyLoss"


def test_it_is_told_in_portuguese_but_not_what_people_wrote(show, study, ledger):
    ledger.add(**FIX)
    ledger.decide("H2", "keep", "It is cheap.")
    app = show("hypotheses", {"lang": "pt_BR"})
    assert app.title[0].value == "Hipóteses" and titles(app)[1] == "H2: The fix helps."
    assert "O Stage 2 ganha" in titles(app)[0]
    shown = texts(app).replace("\\", "")
    assert "**Decisão**: manter, " in shown and "It is cheap." in shown and "(2 pares)" in shown
    assert figures(app)[1]["data"][0]["y"] == ["Previsto", "Previsto"]
    choice = app.segmented_control(key="decide-H2-1-choice")
    assert choice.value == "keep" and list(choice.options) == ["em aberto", "manter", "descartar"]


def test_who_may_only_look_sees_everything_and_no_form(show, ledger, monkeypatch):
    ledger.add(**MINE)
    monkeypatch.setenv("AV1LAB_READONLY", "1")
    app = show("hypotheses")
    assert len(titles(app)) == 2 and "read-only" in texts(app)
    assert not app.button and not app.text_area and not app.number_input
