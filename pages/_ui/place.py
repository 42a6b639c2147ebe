"""What the Overview says of the place: the datasets in use, and what this machine computes with."""

import streamlit as st

from av1core import settings
from av1core.hardware import cores, cpu_name, gpu_names
from pages._ui.state import dataset, shown_errors
from pages._ui.text import plain
from pages._ui.widgets import split_label
from pages._ui.words import plural, tell


def datasets() -> None:
    """Every dataset in a few words."""
    st.header(tell("Datasets"), anchor=False)
    found = settings.find_datasets()
    if not found:
        roots = " · ".join(f"`{root}`" for root in settings.dataset_roots())
        st.info(
            tell(
                "No dataset in {roots}. Build one from photographs: "
                "`python -m av1core dataset build PHOTOS --out datasets/mine`",
                roots=roots,
            ),
            icon=":material/database:",
        )
    for path in found:
        with shown_errors(stop=False):
            opened = dataset(str(path))
            facts = (
                f"**{plain(opened.name)}**",
                plural("{count:,} source", "{count:,} sources", len(opened.sources)),
                plural("{count:,} tree node", "{count:,} tree nodes", len(opened.blocks)),
                f"qindex {', '.join(map(str, opened.qindexes))}",
            )
            st.markdown(" · ".join(facts))
            encoder = tell("labels from {encoder}", encoder=plain(f"{opened.encoder.name} {opened.encoder.version}"))
            st.caption(f"{plain(str(path))} · {encoder} · {split_label(opened)}")


def hardware() -> None:
    """Processor and GPUs, and which of them trains."""
    st.header(tell("Hardware"), anchor=False)
    processor = plural("{name}, {count} core", "{name}, {count} cores", cores(), name=plain(cpu_name()))
    st.markdown(" · ".join([processor, *map(plain, gpu_names())]))
    trains = (
        tell("Runs train on the NVIDIA GPUs.") if gpu_names() else tell("No NVIDIA GPU found: runs train on the CPU.")
    )
    st.caption(trains)
