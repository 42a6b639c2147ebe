"""Overview: where the project stands, what runs now and what finished last."""

import pandas as pd
import streamlit as st

from av1core import settings
from av1core.analysis.results import results
from av1core.hardware import cores, cpu_name, gpu_names
from av1core.partition import STAGES
from pages._ui.state import dataset, index, shown_errors
from pages._ui.text import count, moment, percent, plain
from pages._ui.widgets import no_runs_yet, split_label, state_label

st.title("AV1 Partition Lab")
st.caption("Train Conv-Adapters that predict AV1 block partitions, and see which change really helps.")

with shown_errors():
    runs = index()
    table = runs.runs()
    best = results(runs)

counts = table["state"].value_counts()
for column, (label, states) in zip(
    st.columns(4),
    {
        "Finished": ["finished"],
        "Running": ["running"],
        "Queued": ["queued"],
        "Ended early": ["failed", "cancelled", "interrupted", "damaged"],
    }.items(),
    strict=True,
):
    column.metric(label, int(counts.reindex(states).fillna(0).sum()))

if table.empty:
    no_runs_yet()
else:
    st.subheader("Best so far")
    for column, (stage, group) in zip(st.columns(4), best.groupby("stage"), strict=False):
        top = group.loc[group["val_f1"].idxmax()]
        column.metric(
            f"{STAGES[stage].title}: val macro-F1",
            percent(top["val_f1"] / 100),
            help="At the run's best epoch, one seed.",
        )
        which = "imported" if pd.isna(top["seed"]) else f"seed {top['seed']}"
        column.caption(f"{plain(top['name'])}, {which}, epoch {top['best_epoch']}")
    st.subheader("Latest runs")
    latest = table.head(10)
    st.dataframe(
        pd.DataFrame(
            {
                "Run": latest["name"],
                "Origin": latest["origin"],
                "Stage": latest["stage"].map(lambda stage: STAGES[stage].title if stage in STAGES else "–"),
                "State": latest["state"].map(state_label),
                "Epochs": latest["epoch"].astype(str) + " of " + latest["epochs"].astype(str),
                "Created": latest["created"].map(moment),
                "Message": latest["message"],
            }
        ),
        hide_index=True,
    )
    if len(table) > len(latest):
        st.caption(f"Showing {len(latest)} of {len(table):,} runs.")

left, right = st.columns(2)
with left:
    st.subheader("Datasets")
    found = settings.find_datasets()
    if not found:
        roots = " or ".join(f"`{root}`" for root in settings.dataset_roots())
        st.info(
            f"No dataset in {roots}. Build one from photographs: "
            "`python -m av1core dataset build PHOTOS --out datasets/mine`",
            icon=":material/database:",
        )
    for path in found:
        with shown_errors(stop=False):
            opened = dataset(str(path))
            st.markdown(
                f"**{plain(opened.name)}** · {count(len(opened.sources), 'source')} · "
                f"{count(len(opened.blocks), 'tree node')} · qindex {', '.join(map(str, opened.qindexes))}"
            )
            encoder = f"{opened.encoder.name} {opened.encoder.version}"
            st.caption(f"{plain(str(path))} · labels from {plain(encoder)} · {split_label(opened)}")
with right:
    st.subheader("Hardware")
    st.markdown("\n".join([f"- {plain(cpu_name())}, {cores()} cores", *(f"- {plain(name)}" for name in gpu_names())]))
    st.caption("Runs train on the NVIDIA GPUs." if gpu_names() else "No NVIDIA GPU found: runs train on the CPU.")
