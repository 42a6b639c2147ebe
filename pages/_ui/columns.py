"""What the columns of tables of results mean."""

from av1core.translation import message

COLUMNS = {
    "train_f1": message(
        "Training macro-F1 as the thesis computes it: while training, dropout on, on the blocks as sampled."
    ),
    "train_f1_clean": message(
        "Training macro-F1 after the epoch, in eval mode, on the natural class mix: comparable with val."
    ),
    "val_f1": message("Validation macro-F1 at the best epoch: the plain mean of the classes' F1."),
    "val_f1_low": message("95 % interval of the mean over seeds; empty for one seed."),
    "val_f1_high": message("95 % interval of the mean over seeds; empty for one seed."),
    "gap": message("Train − val F1 as the thesis computes it. It compares unlike things."),
    "gap_clean": message("Train − val F1, like for like."),
    "delta": message("Val F1 minus the baseline's, in percentage points. One seed establishes nothing."),
    "delta_low": message("95 % interval of the mean difference over paired seeds; empty for fewer than two."),
    "delta_high": message("95 % interval of the mean difference over paired seeds; empty for fewer than two."),
    "p": message("Of the exact sign-flip test over paired seeds."),
    "p_adjusted": message(
        "The larger p of the sign-flip test over paired seeds and of the bootstrap over pictures, after "
        "Holm's correction over the variants."
    ),
    "probe_f1": message("Macro-F1 on the scored validation blocks, on their natural class mix."),
    "probe_f1_low": message("95 % interval over other pictures, by resampling the sources."),
    "probe_f1_high": message("95 % interval over other pictures, by resampling the sources."),
    "accuracy": message("Share of the scored blocks whose class is decided rightly."),
    "numbers": message(
        "How many numbers of each block the probe reads; of more than 256, so many principal components."
    ),
    "best_epoch": message(
        "The epoch with the highest val F1, counted from 1. Every figure of the row is of this epoch."
    ),
    "split": message(
        "What was drawn to validate: whole sources, whole frames, or single blocks as in the thesis; or a list."
    ),
    "origin": message(
        "Measured: trained here. Imported: trained elsewhere, its history taken over. Reported: published "
        "elsewhere, on other data, with one seed. Reference: trivial, on the dataset and split of the runs."
    ),
}
"""What the columns of tables of results mean, by name."""
