"""The Add view of the Data page: a dataset from uploaded pictures or from a folder, built in the background."""

import streamlit as st

from av1core.dataset.encoding import QINDEXES
from av1core.dataset.uploads import MOST_FILE_MIB, MOST_FILES, MOST_MIB, MOST_PIXELS
from av1core.media.libaom import QINDEX_OF_CQ_LEVEL
from av1core.media.photos import PICTURE_SUFFIXES
from pages._ui.access import may_change
from pages._ui.state import jobs, shown_errors
from pages._ui.text import duration, plain

UPLOAD, FOLDER = "Uploaded pictures", "A folder or file of this machine"


def add_dataset() -> None:
    """The builds there are, then the form for another."""
    allowed = may_change()
    st.fragment(run_every=1.0)(_builds)()
    if not allowed:
        return
    st.subheader("New dataset")
    where = st.segmented_control("From", [UPLOAD, FOLDER], default=UPLOAD, key="add-from", required=True)
    files, inputs = [], None
    if where == UPLOAD:
        kinds = [suffix.removeprefix(".") for suffix in PICTURE_SUFFIXES]
        files = st.file_uploader(
            "Pictures", type=kinds, accept_multiple_files=True, key="add-files",
            help=f"At most {MOST_FILES}, {MOST_FILE_MIB} MiB each and {MOST_MIB} MiB together, of up to "
            f"{MOST_PIXELS:,} pixels. What is larger is built from a folder of this machine.",
        )  # fmt: skip
    else:
        inputs = st.text_input(
            "Folder or file", key="add-folder", placeholder="/videos/uvg",
            help="All pictures and videos of the folder (Y4M, YUV, MP4, MKV, WebM …), or one file.",
        )  # fmt: skip
    columns = st.columns(3)
    name = columns[0].text_input("Name", key="add-name", placeholder="my-photos")
    qindexes = columns[1].multiselect("qindex", QINDEX_OF_CQ_LEVEL, default=QINDEXES, key="add-qindex")
    speed = columns[2].slider(
        "cpu-used", 0, 9, 2, key="add-speed",
        help="libaom's effort. 0 searches every partition; from 5 on there are no AB types at 16×16.",
    )  # fmt: skip
    author = columns[0].text_input("Author", key="add-author")
    licence = columns[1].text_input("Licence", key="add-licence", placeholder="CC BY 4.0")
    frames, raw = "all", ""
    if where == FOLDER:
        frames = columns[2].text_input(
            "Frames of each video",
            "all",
            key="add-frames",
            help="all, every:10, count:8 (spread over the clip) or 0,5,9",
        )
        raw = columns[0].text_input(
            "Layout of .yuv files", key="add-raw", placeholder="3840x2160:10",
            help="Width, height and bit depth. Empty: from the file's name, such as Beauty_3840x2160_10bit.yuv.",
        )  # fmt: skip
    if st.button("Build", type="primary", icon=":material/construction:"):
        if where == FOLDER and not inputs:
            st.error("Name a folder or file above.", icon=":material/error:")
            return
        with shown_errors():
            request = jobs().new_request(
                name, inputs=inputs, qindexes=tuple(qindexes), speed=speed, frames=frames, raw=raw, author=author,
                licence=licence,
            )  # fmt: skip
            if where == UPLOAD:
                jobs().upload(request, ((file.name, file.getvalue()) for file in files))
            jobs().start(request)
        st.rerun()


def _builds() -> None:
    """Progress of the running build, what ended, and what can go on."""
    current = jobs()
    locked = not current.access.may_change
    for job in current.jobs:
        name = plain(job.request.name)
        if job.state == "running":
            text, button = st.columns([5, 1], vertical_alignment="center")
            if (now := job.progress) is None:
                text.progress(0.0, f"**{name}** · starting")
            else:
                left = f"about {duration(now.seconds_left)} left"
                text.progress(now.done / now.total, f"**{name}** · {now.doing}, {now.done:,} of {now.total:,} · {left}")
            label = "Stopping…" if job.stopping else "Stop"
            if button.button(label, key=f"stop-{name}", icon=":material/stop:", disabled=locked or job.stopping):
                with shown_errors():
                    current.stop(job)
                st.rerun()
        elif job.state == "finished":
            st.success(f"**{name}** is finished. Choose it under Frames.", icon=":material/check_circle:")
        elif job.state == "failed":
            st.error(f"**{name}**: {plain(job.message)}", icon=":material/error:")
    for request in current.unfinished():
        text, go_on, discard = st.columns([4, 1, 1], vertical_alignment="center")
        text.markdown(f"**{plain(request.name)}** is unfinished. What was encoded so far is kept.")
        if go_on.button("Go on", key=f"go-on-{request.name}", icon=":material/play_arrow:", disabled=locked):
            with shown_errors():
                current.start(request)
            st.rerun()
        if discard.button("Discard", key=f"discard-{request.name}", icon=":material/delete:", disabled=locked):
            with shown_errors():
                current.discard(request)
            st.rerun()
