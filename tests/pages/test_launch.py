import shutil
import time
from dataclasses import replace

import pytest
from streamlit.proto.Metric_pb2 import Metric

from av1core.runs.folder import RunFolder
from av1core.runs.launcher import Launcher
from av1core.runs.records import LIVE
from av1core.training.spec import parse_spec
from tests.pages.reading import texts
from tests.synthetic import stage1_values, stage2_values


def button(app, label: str):
    return next(button for button in app.button if button.label == label)


def choose(app, preset: str):
    app.selectbox(key="preset").set_value(preset).run()
    assert not app.exception
    return app


def wait(runs_dir) -> RunFolder:
    (path,) = (entry for entry in runs_dir.iterdir() if not entry.name.startswith("."))
    folder, deadline = RunFolder(path), time.time() + 60
    while folder.status().state in LIVE:
        assert time.time() < deadline
        time.sleep(0.05)
    return folder


def test_each_preset_has_a_form_made_from_the_spec(show, store):
    app = show("launch")
    for preset in ("stage1", "baseline", "exp02", "exp03"):
        choose(app, preset)
        labels = {widget.label for kind in (app.selectbox, app.number_input, app.toggle) for widget in kind}
        assert {"Dataset", "Epochs", "Seed", "Blocks per epoch", "Head LR"} <= labels
        assert ("Reduction" in labels) == (preset != "stage1")
        assert {"Flips", "Transposition", "MixUp α", "CutMix α", "RandAugment operations"} <= labels
        assert "Augmentation" in {expander.label for expander in app.expander}
        # Markdown shows what is indented by four spaces as code.
        assert not any("\n    " in caption.value for caption in app.caption)
    assert ("there is none yet" in texts(app)) == (store == "empty")
    assert app.selectbox(key="exp03.adapter.batchnorm").value == "eval"


def opened(app):
    """The page with its geometry open."""
    app.session_state["geometry"] = True
    app.run()
    assert not app.exception
    return app


def geometry(app) -> dict[str, list]:
    return app.dataframe[0].value.to_dict("list")


def test_the_geometry_is_that_of_the_backbone_in_the_form(show, runs_dir):
    app = show("launch")
    assert not app.dataframe
    app.text_input(key="stage1.backbone.name").set_value("resnet10t")
    found = geometry(opened(app))
    assert found["part"] == ["stem", "layer1", "layer2", "layer3", "layer4"]
    assert found["map"] == ["8×8", "4×4", "2×2", "1×1", "1×1"]
    assert "layer3, layer4 are 1×1" in texts(app)
    app.selectbox(key="stage1.backbone.stem").set_value("keep").run()
    assert geometry(app)["map"] == ["16×16", "16×16", "8×8", "4×4", "2×2"]
    assert "every map has more than one position" in texts(app)
    app.text_input(key="stage1.backbone.name").set_value("resnet999").run()
    assert "backbone.name" in app.error[0].value and not app.dataframe
    assert button(app, "Launch")


def test_the_geometry_of_a_later_stage_is_that_of_its_stage1_run(show, runs_dir, trained):
    app = opened(choose(show("launch"), "exp03"))
    assert "none is chosen" in texts(app) and not app.dataframe
    shutil.copytree(trained.runs_dir / trained.stage1, runs_dir / trained.stage1)
    app = opened(choose(show("launch"), "exp03"))
    assert "resnet10t" in texts(app) and geometry(app)["map"][3:] == ["1×1", "1×1"]


def test_a_click_trains_a_run(show, runs_dir):
    app = show("launch")
    for key, value in {"stage1.epochs": 1, "stage1.batch_size": 32, "stage1.epoch_blocks": 32}.items():
        app.number_input(key=key).set_value(value)
    app.toggle(key="stage1.augmentation.flips").set_value(True)
    app.number_input(key="stage1.augmentation.mixup_alpha").set_value(0.2)
    app.text_input(key="stage1.backbone.name").set_value("resnet10t")
    button(app, "Launch").click().run()
    assert not app.exception and not app.error
    folder = wait(runs_dir)
    assert folder.status().state == "finished", folder.status().message
    augmentation = folder.spec().augmentation
    assert (augmentation.flips, augmentation.mixup_alpha, augmentation.cutmix_alpha) == (True, 0.2, 0)
    app.run()
    assert "✓ finished" in texts(app)


def test_stage2_without_a_checkpoint_says_what_to_do_and_creates_nothing(show, runs_dir):
    app = choose(show("launch"), "exp03")
    button(app, "Launch").click().run()
    assert "Train Stage 1 first" in app.error[0].value
    assert not runs_dir.exists()


def test_a_truncated_dataset_is_named_and_nothing_is_created(show, runs_dir, tiny, tmp_path, monkeypatch):
    damaged = shutil.copytree(tiny, tmp_path / "data" / "damaged")
    data = (damaged / "blocks.parquet").read_bytes()
    (damaged / "blocks.parquet").write_bytes(data[: len(data) // 2])
    monkeypatch.setenv("AV1LAB_DATASETS", str(tmp_path / "data"))
    app = show("launch")
    button(app, "Launch").click().run()
    assert "blocks.parquet" in app.error[0].value
    assert not runs_dir.exists()


def test_a_value_out_of_range_names_the_field(show, runs_dir):
    app = show("launch")
    app.number_input(key="stage1.epochs").set_value(0)
    button(app, "Launch").click().run()
    assert app.error[0].value.startswith("epochs\\: ")
    assert not runs_dir.exists()


def test_pretrained_weights_that_are_not_there_are_named_and_nothing_is_created(show, runs_dir):
    app = show("launch")
    app.text_input(key="stage1.backbone.pretrained").set_value("absent.pth")
    button(app, "Launch").click().run()
    assert app.error[0].value.startswith("backbone.pretrained\\: there is no file absent.pth")
    assert not runs_dir.exists()


def test_a_run_that_ended_early_offers_to_go_on(show, runs_dir, trained):
    folder = RunFolder(runs_dir / trained.stage1)
    folder.path.mkdir(parents=True)
    for name in ("spec.json", "status.json"):
        (folder.path / name).write_bytes((trained.runs_dir / trained.stage1 / name).read_bytes())
    folder.write_status(replace(folder.status(), state="failed", message="the disk was full"))
    app = show("launch")
    assert "the disk was full" in texts(app)
    button(app, "Resume").click().run()
    assert not app.exception and not app.error
    assert wait(runs_dir).status().state == "finished"


def test_the_last_epoch_says_what_rose_and_what_fell(show, runs_dir, trained):
    folder = RunFolder(shutil.copytree(trained.runs_dir / trained.stage2, runs_dir / trained.stage2))
    record = next(folder.history())
    folder.history_file.unlink()
    folder.append_history({**record, "epoch": 1, "val_loss": 0.5, "val_f1": 0.5})
    folder.append_history({**record, "epoch": 2, "val_loss": 0.25, "val_f1": 0.25})
    now = time.time()
    folder.write_status(replace(folder.status(), state="running", heartbeat=now, epoch=2))
    for language, loss, f1 in (("en", "-0.2500", "-25.00 pp"), ("pt_BR", "-0,2500", "-25,00 pp")):
        changes = {metric.label: metric for metric in show("launch", {"lang": language}).metric}
        fallen = [metric for metric in changes.values() if metric.delta]
        assert [metric.delta for metric in fallen] == [loss, f1]
        assert {metric.proto.direction for metric in fallen} == {Metric.MetricDirection.DOWN}
        assert [metric.proto.color for metric in fallen] == [Metric.MetricColor.GREEN, Metric.MetricColor.RED]


@pytest.fixture
def paused(runs_dir, tiny):
    """A paused queue of two Stage-1 runs and a Stage-2 run that waits for the first."""
    launcher = Launcher(runs_dir)
    launcher.pause_queue()
    first, second = (launcher.submit(parse_spec(stage1_values(tiny) | {"seed": seed})) for seed in range(2))
    later = launcher.submit(parse_spec(stage2_values(tiny, first.id)))
    yield launcher, [first.id, second.id, later.id]
    launcher.workers.close()


def pressed(app, key: str):
    app.button(key=key).click().run()
    assert not app.exception
    return app


def test_the_queue_is_shown_in_order_with_what_each_run_waits_for(show, paused):
    launcher, runs = paused
    app = show("launch")
    shown = texts(app)
    assert "Waiting: 3 runs" in shown and "The queue is paused" in shown
    assert (
        shown.index("1\\. **Tiny, seed 0") < shown.index("2\\. **Tiny, seed 1") < shown.index("3\\. **Tiny 2, seed 0")
    )
    assert f"Waits for the Stage-1 run {runs[0]}" in shown.replace("\\", "")
    pressed(app, f"do-move-{runs[2]}")
    assert launcher.waiting().runs == [runs[0], runs[2], runs[1]]
    app.multiselect(key="queue-chosen").set_value([runs[2], runs[1]]).run()
    pressed(app, "queue-First")
    assert launcher.waiting().runs == [runs[2], runs[1], runs[0]]
    pressed(app, "queue-Pause")
    assert launcher.waiting().runs == [runs[0]]
    pressed(app, f"do-cancel-{runs[0]}")
    assert launcher.waiting().runs == [] and "Cancelled in the queue" in texts(app)


def test_a_paused_queue_goes_on_at_a_click(show, paused, runs_dir):
    launcher, runs = paused
    app = pressed(show("launch"), "do-resume_queue")
    assert not launcher.waiting().paused
    assert {status.state for status in launcher.wait(runs).values()} == {"finished"}
    app.run()
    assert "Waiting" not in texts(app)


def test_a_button_that_comes_too_late_says_so(show, paused):
    launcher, runs = paused
    app = show("launch")
    launcher.cancel(runs[0])
    pressed(app, f"do-cancel-{runs[0]}")
    assert "only a run that waits or trains can be cancelled" in app.error[0].value


def test_all_interrupted_runs_go_on_at_a_click(show, paused):
    launcher, runs = paused
    for run in runs:
        folder = RunFolder.open(launcher.runs_dir, run)
        folder.write_status(replace(folder.status(), state="interrupted"))
    pressed(show("launch"), "resume-interrupted")
    assert sorted(launcher.waiting().runs) == sorted(runs)
    assert launcher.waiting().paused


def test_a_stage1_run_that_finishes_is_offered_at_once(show, runs_dir, trained):
    app = choose(show("launch"), "exp03")
    assert app.selectbox(key="exp03.stage1_run").value is None
    shutil.copytree(trained.runs_dir / trained.stage1, runs_dir / trained.stage1)
    app.run()
    assert app.selectbox(key="exp03.stage1_run").value == trained.stage1


def test_the_page_speaks_portuguese(store, show):
    app = show("launch", {"lang": "pt_BR"})
    assert app.title[0].value == "Lançar"
    app.selectbox(key="preset").set_value("exp03").run()
    assert not app.exception
    rate = next(box for box in app.number_input if box.label == "Taxa dos adaptadores")
    assert rate.help == "Taxa de aprendizado dos adaptadores."
