"""What the words of the field mean, for whoever meets them on a page."""

import streamlit as st

from av1core.translation import message
from pages._ui.words import tell

TERMS: dict[str, tuple[str, str]] = {
    "macro_f1": (
        message("macro-F1"),
        message(
            "The plain mean of the F1 of each class, so that rare classes count as much as frequent ones. In %; 100 is "
            "best."
        ),
    ),
    "pp": (
        message("pp"),
        message("Percentage points: the difference of two percentages, as 58.53 % − 58.21 % = 0.32 pp."),
    ),
    "gap": (
        message("gap"),
        message(
            "Train − validation macro-F1. As the thesis computes it, train F1 is measured while training, with "
            "dropout, on class-balanced batches; like for like it is measured after the epoch, as validation is. "
            "Only the second compares like with like."
        ),
    ),
    "node": (
        message("node, partition"),
        message(
            "AV1 splits a picture into a tree. A node is a square of it; its partition says how it is cut: not at all "
            "(NONE), in four (SPLIT), in two (HORZ, VERT), in three (the AB types) or in four strips."
        ),
    ),
    "stage": (
        message("Stage 1, 2, 3"),
        message(
            "The hierarchy: Stage 1 decides NONE or PARTITION, Stage 2 SPLIT, RECT or AB, Stage 3 which RECT or AB "
            "type."
        ),
    ),
    "qindex": (
        message("qindex"),
        message("AV1's quantiser index, 0 to 255: the higher, the fewer bits and the coarser the picture."),
    ),
    "backbone": (
        message("backbone"),
        message("The network that Stage 1 trains and that later stages freeze: a ResNet on one luma channel."),
    ),
    "adapter": (
        message("Conv-Adapter"),
        message("A small trainable module after a frozen layer, with which a later stage adapts the features."),
    ),
    "reduction": (
        message("γ, reduction"),
        message(
            "An adapter squeezes C channels into C/γ: a larger γ has fewer parameters. The thesis has γ = 4 and 2."
        ),
    ),
    "batchnorm": (
        message("BN mode"),
        message(
            "Whether BatchNorm of the frozen backbone uses each batch's statistics (train) or those that it learned "
            "(eval). The BN fix is eval."
        ),
    ),
    "experiment": (
        message("run, seed, experiment"),
        message(
            "A run is one training. Its seed decides what is random in it. All seeds of one recipe on the same "
            "validation blocks are an experiment, shown as their mean."
        ),
    ),
    "split": (
        message("split"),
        message(
            "Which blocks train and which validate: by source, so that no picture is on both sides, or by block as "
            "in the thesis."
        ),
    ),
    "interval": (
        message("95 % interval"),
        message(
            "Where the value would lie for other seeds, or for other pictures, if all were repeated; wide means unsure."
        ),
    ),
    "verdict": (
        message("verdict"),
        message(
            "Better, worse, equivalent or not established, by fixed rules from the intervals over seeds and over "
            "pictures. One seed establishes nothing."
        ),
    ),
    "logits": (
        message("logits"),
        message("The scores of the classes before the softmax turns them into probabilities."),
    ),
}
"""What a term is called, and what it means."""


def meaning(term: str) -> str:
    """What a term of TERMS means, in the language of the session, for `help`."""
    return tell(TERMS[term][1])


def glossary() -> None:
    """A button that opens all terms."""
    with st.popover(tell("Terms"), icon=":material/dictionary:", width="stretch"):
        for title, about in TERMS.values():
            st.markdown(f"**{tell(title)}**: {tell(about)}")
