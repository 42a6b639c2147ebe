"""The Add view of the Data page: a dataset from uploaded pictures or from a folder, built in the background."""

import streamlit as st

from av1core.dataset.encoding import QINDEXES
from av1core.dataset.uploads import MOST_FILE_MIB, MOST_FILES, MOST_MIB, MOST_PIXELS
from av1core.media.libaom import QINDEX_OF_CQ_LEVEL
from av1core.media.photos import PICTURE_SUFFIXES
from av1core.translation import message
from pages._ui.access import may_change
from pages._ui.data_builds import builds
from pages._ui.state import jobs, shown_errors
from pages._ui.words import tell

UPLOAD, FOLDER = message("Uploaded pictures"), message("A folder or file of this machine")


def add_dataset() -> None:
    """The builds there are, then the form for another."""
    allowed = may_change()
    st.fragment(run_every=1.0)(builds)()
    if not allowed:
        return
    st.header(tell("New dataset"))
    where = st.segmented_control(
        tell("From"), [UPLOAD, FOLDER], default=UPLOAD, format_func=tell, key="add-from", required=True
    )
    files, inputs = [], None
    if where == UPLOAD:
        kinds = [suffix.removeprefix(".") for suffix in PICTURE_SUFFIXES]
        files = st.file_uploader(
            tell("Pictures"), type=kinds, accept_multiple_files=True, key="add-files",
            help=tell(
                "At most {files:,}, {each:,} MiB each and {together:,} MiB together, of up to {pixels:,} pixels. What "
                "is larger is built from a folder of this machine.",
                files=MOST_FILES, each=MOST_FILE_MIB, together=MOST_MIB, pixels=MOST_PIXELS,
            ),
        )  # fmt: skip
    else:
        inputs = st.text_input(
            tell("Folder or file"), key="add-folder", placeholder=tell("/videos/uvg"),
            help=tell("All pictures and videos of the folder (Y4M, YUV, MP4, MKV, WebM …), or one file."),
        )  # fmt: skip
    settings = {"inputs": inputs} | _settings(where == FOLDER)
    if st.button(tell("Build"), type="primary", icon=":material/construction:"):
        if where == FOLDER and not inputs:
            st.error(tell("Name a folder or file above."), icon=":material/error:")
            return
        with shown_errors():
            request = jobs().new_request(**settings)
            if where == UPLOAD:
                jobs().upload(request, ((file.name, file.getvalue()) for file in files))
            jobs().start(request)
        st.rerun()


def _settings(of_folder: bool) -> dict:
    """What is to be made of the pictures, as `Jobs.new_request` takes it; of_folder: there may be videos among them."""
    first, second = st.columns([3, 4, 3]), st.columns([3, 4, 3])
    found = {
        "name": first[0].text_input(tell("Name"), key="add-name", placeholder=tell("my-photos")),
        "qindexes": tuple(
            first[1].multiselect(
                tell("qindex"), QINDEX_OF_CQ_LEVEL, default=QINDEXES, key="add-qindex",
                placeholder=tell("Choose qindexes"),
                help=tell("The quantiser index of the encode, 0 (finest) to 255. Coarser encodes cut less."),
            )
        ),
        "speed": first[2].slider(
            tell("cpu-used"), 0, 9, 2, key="add-speed",
            help=tell(
                "libaom's effort. 0 searches every partition; from 5 on there are no AB types at 16×16."
            ),
        ),
        "author": second[0].text_input(tell("Author"), key="add-author"),
        "licence": second[1].text_input(tell("Licence"), key="add-licence", placeholder=tell("CC BY 4.0")),
    }  # fmt: skip
    if of_folder:
        third = st.columns([3, 4, 3])
        found["frames"] = third[0].text_input(
            tell("Frames of each video"), "all", key="add-frames",
            help=tell("all, every:10, count:8 (spread over the clip) or 0,5,9"),
        )  # fmt: skip
        found["raw"] = third[1].text_input(
            tell("Layout of .yuv files"), key="add-raw", placeholder="3840x2160:10",
            help=tell(
                "Width, height and bit depth. Empty: from the file's name, such as Beauty_3840x2160_10bit.yuv."
            ),
        )  # fmt: skip
    return found
