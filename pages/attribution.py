"""Attribution: where in a block the evidence for a class lies, by the layers of a run's model."""

import streamlit as st

from av1core.analysis.predictions import load_predictions
from av1core.analysis.results import run_labels
from av1core.dataset.blocks import gather_pixels
from av1core.figures.blocks import attribution_figure
from av1core.partition import MODEL_SIZE, Partition
from av1core.runs.records import MEASURED
from pages._ui.state import best_model, dataset, index, run_folder, shown_errors
from pages._ui.text import plain
from pages._ui.widgets import no_runs_yet

ANY = "any"

st.title("Attribution")
with shown_errors():
    runs = index().runs()
runs = runs[(runs["state"] == "finished") & (runs["origin"] == MEASURED)]
if runs.empty:
    no_runs_yet("There is no finished run whose model could be looked into.")
    st.stop()

labels = run_labels(runs)
run = st.selectbox("Run", list(labels), format_func=labels.get, key="attribution-run")
with shown_errors():
    folder = run_folder(run)
    data = dataset(folder.spec().dataset)
    predictions = load_predictions(folder, data)
classes = list(predictions.stage.classes)

for column, (title, options) in zip(
    st.columns(3),
    {"True class": classes, "Predicted class": classes, "Prediction": ["right", "wrong"]}.items(),
    strict=True,
):
    column.selectbox(title, [ANY, *options], key=f"attribution-{run}-{title}")
true, predicted, verdict = (
    st.session_state[f"attribution-{run}-{title}"] for title in ("True class", "Predicted class", "Prediction")
)
found = predictions.select(
    None if true == ANY else classes.index(true),
    None if predicted == ANY else classes.index(predicted),
    None if verdict == ANY else verdict == "right",
)
if not len(found):
    st.info("No validation block is like that. Widen the choice above.", icon=":material/info:")
    st.stop()

left, middle, right = st.columns(3)
number = left.number_input(
    f"Block, 1 to {len(found):,}", 1, len(found), 1, key=f"attribution-{run}-{true}-{predicted}-{verdict}",
    help="Step through the validation blocks with − and +.",
)  # fmt: skip
position = found[number - 1]
row = predictions.block[position]

with shown_errors(), st.spinner("Loading the model…"):
    from av1core.analysis.attribution import grad_cam, layer_maps

    model = best_model(run)
    layers = layer_maps(model, MODEL_SIZE)
titles = {entry.layer: f"{entry.layer} ({entry.height}×{entry.width})" for entry in layers if entry.spatial}
layer = middle.selectbox(
    "Layer",
    list(titles),
    format_func=titles.get,
    key="attribution-layer",
    help="A layer of the Stage-1 backbone, with the size of its map.",
)
target = right.selectbox(
    "Evidence for", classes, index=int(predictions.predicted[position]), key=f"attribution-target-{run}-{row}",
    help="The class whose logit is explained; the predicted class unless you choose another.",
)  # fmt: skip
flat = [entry.layer for entry in layers if not entry.spatial]
if flat:
    st.caption(
        f"Not offered: {', '.join(flat)}. Their maps are 1×1 for {MODEL_SIZE}×{MODEL_SIZE} blocks: "
        "Grad-CAM there is a single number without a position."
    )

blocks = data.blocks
with shown_errors():
    pixels = gather_pixels(data, [row])
    attribution = grad_cam(model, pixels, classes.index(target), layer, blocks.qindex[[row]])[0]
partition = Partition(int(blocks.partition[row]))
st.plotly_chart(
    attribution_figure(pixels[0], attribution, partition, f"Grad-CAM of {layer} for {target}"), key="attribution-figure"
)
source = data.sources[blocks.source[row]]
st.markdown(
    f"**{plain(source.title)}** · row {blocks.row[row]}, col {blocks.col[row]} · qindex {blocks.qindex[row]} · "
    f"the encoder chose **{partition.name}**"
)
for column, (place, label) in zip(st.columns(len(classes)), enumerate(classes), strict=True):
    column.metric(
        label + (" (true)" if place == predictions.label[position] else ""),
        f"{predictions.probabilities[position][place]:.1%}".replace("%", " %"),
    )
st.caption(
    "Red speaks for the class, blue against it; the scale is symmetric about zero and belongs to this map. "
    "Orange lines are the encoder's partition. Positions are the layer's own, not smoothed."
)
