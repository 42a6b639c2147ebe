"""The results table of the README, from the demo runs: python -m docs.results. With --write it puts it there."""

import argparse
from functools import partial
from pathlib import Path

from av1core.analysis.arms import bases
from av1core.analysis.results import results
from av1core.analysis.studies import study
from av1core.analysis.study_table import StudyResult, study_results
from av1core.analysis.tally import tallies
from av1core.runs.demo import SHIPPED
from av1core.runs.index import RunIndex
from av1core.translation import Words

README = Path(__file__).parents[1] / "README.md"
START, END = "<!-- results: python -m docs.results --write -->\n", "<!-- end of results -->\n"

STUDIES = ("batchnorm", "reduction", "loss", "stage1_features", "stage3_rect", "stage3_ab")
"""What the demo runs answer, in order."""

_HEAD = (
    "| | val macro-F1 (%) | Δ (pp) | other seeds, 95 % | other pictures, 95 % | verdict |\n"
    "|---|---:|---:|---:|---:|---|\n"
)


def results_table() -> str:
    """Markdown: the studies that the demo runs answer, each with its baseline in front."""
    index = RunIndex(SHIPPED)
    index.refresh()
    return _HEAD + "".join(map(_rows, (result(index, key) for key in STUDIES)))


def result(index: RunIndex, key: str) -> StudyResult:
    """The study of that key on the base that has most runs in the index."""
    chosen = study(key)
    table = results(index, chosen.stage)
    return study_results(chosen, bases(chosen, table)[0], index, partial(tallies, index.runs_dir))


def _rows(found: StudyResult) -> str:
    words, compared = Words(), {each.variant: each for each in found.comparisons}
    lines = [f"| **{found.study.title}**: {found.study.question} | | | | | |"]
    for row in found.table[found.table["seeds"] > 0].itertuples():
        half = (row.val_f1_high - row.val_f1_low) / 2
        each = compared.get(row.experiment)
        cells = [row.name, f"{row.val_f1:.2f} ± {half:.2f}"] + (
            ["", "", "", "baseline"]
            if each is None
            else [
                words.number(each.delta, "+.2f"),
                words.interval(each.seeds.low, each.seeds.high, "+.2f"),
                words.interval(each.pictures.low, each.pictures.high, "+.2f"),
                str(each.verdict),
            ]
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "".join(f"{line}\n" for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the table into README.md")
    table = results_table()
    if not parser.parse_args().write:
        print(table, end="")
        return
    before, _, rest = README.read_text().partition(START)
    after = rest.partition(END)[2]
    README.write_text(f"{before}{START}{table}{END}{after}")


if __name__ == "__main__":
    main()
