import shutil

from av1core.runs.folder import RunFolder
from tests.pages.reading import texts
from tests.pages.test_launch import button, choose
from tests.runs.test_launcher import wait_for


def choose_sweep(app, **texts: str):
    """The Sweep part of the chosen experiment with these texts of values by field and, under `seeds`, of seeds."""
    key = app.selectbox(key="preset").value
    app.segmented_control(key="launch-how").set_value("Sweep").run()
    app.multiselect(key=f"{key}.sweep.fields").set_value([field for field in texts if field != "seeds"]).run()
    for field, text in texts.items():
        app.text_input(key=f"{key}.sweep.{field}").set_value(text)
    app.run()
    assert not app.exception
    return app


def test_a_sweep_is_previewed_and_then_queued(show, runs_dir):
    app = show("launch")
    for key, value in {"stage1.epochs": 1, "stage1.batch_size": 32, "stage1.epoch_blocks": 32}.items():
        app.number_input(key=key).set_value(value)
    app.text_input(key="stage1.backbone.name").set_value("resnet10t")
    choose_sweep(app, **{"optimiser.head_lr": "1e-4, 0.001, -1", "seeds": "3,5"})
    table = app.dataframe[0].value
    assert list(table) == ["optimiser.head_lr", "seed", "seconds", "status"]
    assert table["seed"].tolist() == [3, 3, 3, 5, 5, 5] and table["status"].tolist().count("new") == 4
    assert "to queue\\: 4." in texts(app) and "Impossible\\: 2." in texts(app)
    assert not any(button.label == "Launch" for button in app.button) and not runs_dir.exists()
    button(app, "Queue 4 runs").click().run()
    assert not app.exception and not app.error
    assert button(app, "Queue 0 runs").disabled and "coming already, and skipped\\: 4." in texts(app)
    folders = [RunFolder(file.parent) for file in runs_dir.glob("*/spec.json")]
    specs = [folder.spec() for folder in folders]
    assert {(spec.seed, spec.optimiser.head_lr) for spec in specs} == {
        (s, rate) for s in (3, 5) for rate in (1e-4, 1e-3)
    }
    assert len({spec.name for spec in specs}) == 2
    assert [wait_for(folder, "finished", "failed") for folder in folders] == ["finished"] * 4
    app.toggle(key="stage1.sweep.repeat").set_value(True).run()
    assert not button(app, "Queue 4 runs").disabled


def test_a_sweep_starts_with_the_forms_values_and_its_mistakes_are_named(show, runs_dir, trained):
    shutil.copytree(trained.runs_dir / trained.stage1, runs_dir / trained.stage1)
    app = choose_sweep(choose(show("launch"), "exp03"), seeds="0-2")
    app.multiselect(key="exp03.sweep.fields").set_value(["adapter.layers", "adapter.batchnorm", "epoch_blocks"]).run()
    starts = [
        app.text_input(key=f"exp03.sweep.{field}").value for field in app.multiselect(key="exp03.sweep.fields").value
    ]
    assert starts == ['["layer3", "layer4"]', "eval", "null"]
    assert "to queue\\: 3." in texts(app)
    app.text_input(key="exp03.sweep.seeds").set_value("five").run()
    assert app.error[0].value.startswith("seeds\\: 'five'") and not app.dataframe
    app.text_input(key="exp03.sweep.seeds").set_value("5").run()
    app.text_input(key="exp03.sweep.adapter.batchnorm").set_value("eval,").run()
    assert "a value is missing" in app.error[0].value
    assert not any(button.label.startswith("Queue") for button in app.button)


def test_a_sweep_that_cannot_start_says_why_and_cannot_be_queued(show, runs_dir):
    app = choose_sweep(choose(show("launch"), "exp03"), **{"adapter.reduction": "1, 2"})
    assert all("Train Stage 1 first" in status for status in app.dataframe[0].value["status"])
    assert button(app, "Queue 0 runs").disabled
