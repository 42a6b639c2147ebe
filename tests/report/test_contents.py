import re
from datetime import datetime

import numpy as np
import plotly.graph_objects as go
import pytest

from av1core.analysis.arms import bases
from av1core.analysis.experiments import experiments
from av1core.analysis.references import Reference
from av1core.analysis.results import results
from av1core.analysis.statistics import mean_interval
from av1core.analysis.studies import STUDIES
from av1core.report import latex
from av1core.report.citations import WORKS
from av1core.report.contents import report
from av1core.report.document import Document, Table, rows
from av1core.report.gather import gather, gather_study
from av1core.report.html import as_html
from av1core.report.latex import write_latex
from av1core.translation import Words
from tests.hostile_names import HOSTILE
from tests.report.studies import batchnorm_study
from tests.report.test_html import Reader

KEPT = {"eval", "pp", "val", "macro", "None", "nan", "checkpoints", "do"}
"""Words that are the same in both languages."""

NOW = datetime(2026, 3, 1)


@pytest.fixture(scope="module")
def index(trained, tmp_path_factory):
    return batchnorm_study(trained, tmp_path_factory.mktemp("study") / "runs")


@pytest.fixture(scope="module")
def gathered(index):
    study = STUDIES["batchnorm"]
    return gather_study(index, study, bases(study, results(index))[0])


def paragraphs(document: Document) -> list[str]:
    return [part for section in document.sections for part in section.parts if isinstance(part, str)]


def seen(figure: go.Figure) -> set[str]:
    """The words that a figure shows, on hover too; names, numbers and signs left out."""
    found = [
        figure.layout.xaxis.title.text,
        figure.layout.yaxis.title.text,
        *(note.text for note in figure.layout.annotations),
    ]
    for trace in figure.data:
        found += [trace.name, trace.hovertemplate, *np.ravel(trace.customdata if trace.customdata is not None else "")]
    texts = re.sub(
        r"%\{.*?\}|<.*?>|BN train|BN eval|Macro-F1|F1|Gap|gap|SPLIT|RECT|AB",
        " ",
        " ".join(map(str, filter(None, found))),
    )
    return set(re.findall(r"[^\W\d_]{2,}", texts))


def tables(document: Document) -> dict[str, Table]:
    return {part.name: part for section in document.sections for part in section.parts if isinstance(part, Table)}


def test_the_sections_stand_in_order_and_every_name_is_a_file_name(gathered):
    document = report(gathered, "en", NOW)
    names = [section.name for section in document.sections]
    assert names == ["results", "verdicts", "classes", "training", "confusion", "methods", "limits", "references"]
    held = [*names, *tables(document), *(picture.name for picture in document.pictures)]
    assert all(name.replace("-", "").isalnum() and name.isascii() for name in held)
    assert len({picture.name for picture in document.pictures}) == len(document.pictures) == 5


def test_rows_are_those_of_the_experiments(index, gathered):
    frame = tables(report(gathered, "en", NOW))["results"].frame
    runs = results(index, "stage2")
    expected = experiments(runs).set_index("experiment")
    for row in frame[frame["origin"] == "measured"].itertuples():
        own = runs.loc[runs["experiment"] == row.experiment, "val_f1"]
        assert row.val_f1 == pytest.approx(own.mean()) == pytest.approx(expected["val_f1"][row.experiment])
        low, high = mean_interval(own)
        assert row.half == pytest.approx((high - low) / 2)
    assert frame["delta"].tolist()[:2] == [0, pytest.approx(1.0)]
    assert frame["name"].tolist() == ["BN train", "BN eval", "Baseline", "Exp 03"]
    assert report(gathered, "en", NOW, reported=False).sections[0].parts[-1].frame["name"].tolist() == [
        "BN train",
        "BN eval",
    ]


def test_references_of_the_same_blocks_stand_beside_with_their_difference(gathered):
    validation, baseline = gathered.table["validation"].iloc[0], gathered.table["val_f1"].iloc[0]
    trivial = {
        validation: [Reference("Majority class", (), 0.25, 0.2, 0.5, (0.5, 0.0, 0.0))],
        "other blocks": [Reference("Other", (), 0.5, 0.5, 0.5, ())],
    }
    frame = tables(report(gathered, "en", NOW, trivial))["results"].frame
    (row,) = frame[frame["origin"] == "reference"].itertuples()
    assert row.name == "Majority class" and row.val_f1 == 25 and row.delta == pytest.approx(25 - baseline)
    table = tables(report(gathered, "en", NOW, trivial))["results"]
    assert [row.cells[0].text for row in rows(table, Words())][2] == "Majority class ‡"


def test_a_verdict_stands_with_its_reason_its_table_and_its_rules(gathered):
    document = report(gathered, "en", NOW)
    said = paragraphs(document)
    assert any(
        text.startswith("Not established: “BN eval” (+1.00 pp).") and "on one frame only" in text for text in said
    )
    table = tables(document)["verdicts"]
    assert [row.cells[-1].text for row in rows(table, Words())] == ["not established"]
    assert [row.cells[-1].text for row in rows(table, Words("pt_BR"))] == ["não estabelecido"]
    assert len(table.notes) == 5 and "±0.5 pp" in table.notes[-1]


def test_nothing_of_a_portuguese_report_is_left_in_english(gathered):
    english, portuguese = report(gathered, "en", NOW), report(gathered, "pt_BR", NOW)
    assert not (set(paragraphs(english)) & set(paragraphs(portuguese))) - set(WORKS.values())
    for ours, theirs in zip(english.sections, portuguese.sections, strict=True):
        assert ours.title != theirs.title and ours.name == theirs.name
    for ours, theirs in zip(english.pictures, portuguese.pictures, strict=True):
        assert ours.caption != theirs.caption
        assert not (seen(ours.figure) & seen(theirs.figure)) - KEPT
    for name, table in tables(english).items():
        assert table.caption != tables(portuguese)[name].caption
        assert not set(table.notes) & set(tables(portuguese)[name].notes)
    assert (english.title, english.question) == (STUDIES["batchnorm"].title, STUDIES["batchnorm"].question)
    assert (english.title != portuguese.title) and (english.question != portuguese.question)


def test_what_is_not_shown_is_said(gathered):
    document = report(gathered, "en", NOW)
    limits = "\n".join(part for section in document.sections if section.name == "limits" for part in section.parts)
    assert (
        "fewer than 6 seeds" in limits and "BN train and BN eval" in limits and "Reported results come from" in limits
    )
    assert "left out" not in limits and "Reported" not in "\n".join(
        paragraphs(report(gathered, "en", NOW, reported=False))
    )


def test_one_experiment_alone_has_no_verdicts(index):
    key = results(index, "stage2")["experiment"].iloc[0]
    document = report(gather(index, [key], "One"), "en", NOW)
    assert [section.name for section in document.sections][:3] == ["results", "classes", "training"]
    assert "Holm" not in "\n".join(paragraphs(document))


def test_hostile_names_are_text_in_html_and_latex(trained, tmp_path, compiled, drawn, monkeypatch):
    index = batchnorm_study(trained, tmp_path / "runs", seeds=2, names=(HOSTILE[:60], "\\end{x}_%&#" + HOSTILE[:60]))
    keys = list(dict.fromkeys(results(index, "stage2")["experiment"]))
    document = report(gather(index, keys, HOSTILE, HOSTILE), "pt_BR", NOW)
    page = Reader(as_html(document))
    assert not {"img", "i", "b"} & {tag for tag, _ in page.tags} and HOSTILE in page.text
    monkeypatch.setattr(latex, "as_pdf", lambda figures, words: [drawn[0]] * len(figures))
    write_latex(document, tmp_path / "latex")
    compiled(tmp_path / "latex")
