import io
import re
import zipfile

import pytest

from av1core.analysis.latex import escaped
from av1core.errors import PictureError, ReportError
from av1core.report import latex
from av1core.report.latex import latex_files, latex_table, latex_zip, write_latex
from av1core.translation import Words
from tests.hostile_names import HOSTILE, LINKS
from tests.report.documents import document, table

EVERYTHING = (
    HOSTILE + LINKS + r" \end{document} \ { } ^ ~ # -- '' ¿ ệ 中 😀 Δ γ ± − × α λ β" + "".join(map(chr, range(32, 383)))
)


@pytest.fixture
def no_browser(monkeypatch):
    def as_pdf(figures, words):
        raise PictureError("There is no browser. Install one_of & these.")

    monkeypatch.setattr(latex, "as_pdf", as_pdf)


@pytest.mark.parametrize("language", ["en", "pt_BR"])
def test_the_folder_compiles_alone_with_its_figures(drawn, compiled, tmp_path, monkeypatch, language):
    monkeypatch.setattr(latex, "as_pdf", lambda figures, words: drawn[: len(figures)])
    whole = document(language)
    files = write_latex(whole, tmp_path)
    assert {str(file.relative_to(tmp_path)) for file in files} == {
        "main.tex", "README.txt", "tables/results.tex", "text/results.tex", "text/methods.tex", "figures/curve.pdf",
    }  # fmt: skip
    log = compiled(tmp_path)
    assert "curve.pdf" in log and "tables/results.tex" in log
    main = (tmp_path / "main.tex").read_text()
    assert (r"\renewcommand{\tablename}{Tabela}" in main) == (language == "pt_BR")
    assert "left out" not in (tmp_path / "README.txt").read_text()


def test_any_text_compiles_and_without_a_browser_the_figures_are_left_out(no_browser, compiled, tmp_path):
    write_latex(document(names=(EVERYTHING, "[x] " + EVERYTHING), text=EVERYTHING), tmp_path)
    log = compiled(tmp_path)
    assert "Missing character" not in log
    assert not (tmp_path / "figures").exists() and "includegraphics" not in (tmp_path / "text/results.tex").read_text()
    assert "Install one_of & these." in (tmp_path / "README.txt").read_text()


def test_a_table_is_one_of_booktabs_and_compiles_in_another_document(compiled, tmp_path):
    text = latex_table(table(), Words())
    for command in ("toprule", "midrule", "bottomrule", "caption{", "label{tab:results}"):
        assert f"\\{command}" in text
    assert text.index("\\caption") < text.index("\\begin{tabular}")
    assert text.count("\\midrule") == 2 and "Exp 03 \\textdagger{}" in text
    assert r"\textbf{\boldmath 58.53 $\pm$ 0.20}" in text and text.count("\\textbf") == 1
    (tmp_path / "table.tex").write_text(text)
    packages = r"\documentclass{book}\usepackage[T1]{fontenc}\usepackage{booktabs,graphicx}"
    (tmp_path / "thesis.tex").write_text(packages + r"\begin{document}\input{table}\end{document}")
    compiled(tmp_path, "thesis.tex")


def test_portuguese_tables_have_decimal_commas():
    text = latex_table(table(), Words("pt_BR"))
    assert r"58,53 $\pm$ 0,20" in text and "Experimento" in text
    assert not re.search(r"\d\.\d{2}\b(?!\d)", text.split("midrule", 1)[1].split("bottomrule")[0])


def test_the_zip_holds_what_the_folder_would(no_browser):
    with zipfile.ZipFile(io.BytesIO(latex_zip(document()))) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == latex_files(document())
        assert escaped("Trained with γ = 4 ± 0.") in archive.read("text/methods.tex").decode()


def test_a_folder_that_cannot_be_written_is_an_error_that_names_it(no_browser, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ReportError, match="file"):
        write_latex(document(), tmp_path / "file" / "folder")
