"""A report as a LaTeX folder: main.tex compiles alone, and each table and text can be taken into another document.

main.tex            pdflatex main.tex; needs LaTeX's base, graphicx and booktabs
tables/NAME.tex     one table environment each, for booktabs
figures/NAME.pdf
text/NAME.tex       the paragraphs of a section, with its tables and figures
README.txt
"""

import io
import zipfile
from pathlib import Path

from av1core.analysis.latex import escaped
from av1core.errors import PictureError, ReportError, said
from av1core.report.document import Cell, Document, Picture, Section, Table, notes, rows
from av1core.report.pictures import as_pdf
from av1core.storage import write_bytes_atomically
from av1core.translation import Words, message

_PREAMBLE = r"""\documentclass[11pt,a4paper]{article}
\usepackage[utf8]{inputenc}
\usepackage[T1]{fontenc}
\IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}
\usepackage[margin=25mm]{geometry}
\usepackage{graphicx}
\usepackage{booktabs}
\setlength{\parindent}{0pt}
\setlength{\parskip}{0.6\baselineskip}
\renewcommand{\topfraction}{0.9}
\renewcommand{\textfraction}{0.05}
\renewcommand{\floatpagefraction}{0.8}
"""

_TABLE, _FIGURE = message("Table"), message("Figure")

_LONG_TITLE = 10
"""Characters of a column's title above which it takes two lines."""


def latex_files(document: Document) -> dict[str, bytes]:
    """The files of the folder by their paths. Without a browser the figures are left out, and README.txt says so."""
    words, pictures = document.words, document.pictures
    lacking, drawn = "", []
    try:
        drawn = as_pdf([picture.figure for picture in pictures], words)
    except PictureError as error:
        lacking = words.tell(said(error))
    texts = {f"text/{section.name}.tex": _section(section, words, not lacking) for section in document.sections}
    tables = [part for section in document.sections for part in section.parts if isinstance(part, Table)]
    texts |= {f"tables/{table.name}.tex": latex_table(table, words) for table in tables}
    texts |= {"main.tex": _main(document), "README.txt": _readme(lacking, words)}
    figures = {f"figures/{picture.name}.pdf": pdf for picture, pdf in zip(pictures, drawn, strict=False)}
    return {name: text.encode() for name, text in texts.items()} | figures


def latex_zip(document: Document) -> bytes:
    """The files of the folder as one zip."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in latex_files(document).items():
            archive.writestr(name, content)
    return packed.getvalue()


def write_latex(document: Document, folder: Path) -> list[Path]:
    """Write the files into a folder, which is made, and whose other files stay. Raises ReportError if it cannot be."""
    files, written = latex_files(document), []
    try:
        for name, content in files.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            write_bytes_atomically(file, content)
            written.append(file)
    except OSError as error:
        raise ReportError(f"{folder}: the report cannot be written ({error.strerror}).") from error
    return written


def latex_table(table: Table, words: Words) -> str:
    """A table environment for booktabs, no wider than the text, its caption above and its notes below."""
    heads = [_head(words.tell(column.title), bool(column.form)) for column in table.columns]
    lines = [r"\toprule", " & ".join(heads) + r" \\", r"\midrule"]
    for row in rows(table, words):
        lines += [r"\midrule"] * row.begins + [" & ".join(map(_cell, row.cells)) + r" \\"]
    kinds = "".join("r" if column.form else "l" for column in table.columns)
    body = "\n".join([rf"\begin{{tabular}}{{{kinds}}}", *lines, r"\bottomrule", r"\end{tabular}"])
    below = "".join(f"\n\\par\\smallskip{{\\footnotesize\\raggedright {escaped(note)}\\par}}" for note in notes(table))
    return rf"""\begin{{table}}[!htbp]
\centering
\setlength{{\abovecaptionskip}}{{0pt}}
\setlength{{\belowcaptionskip}}{{6pt}}
\caption{{{escaped(table.caption)}}}
\label{{tab:{table.name}}}
\small
\setlength{{\tabcolsep}}{{4pt}}
\resizebox{{\ifdim\width>\linewidth\linewidth\else\width\fi}}{{!}}{{%
{body}}}{below}
\end{{table}}
"""


def _head(title: str, number: bool) -> str:
    """A title, in the two lines of most even length where it is long."""
    words = title.split()
    if len(title) <= _LONG_TITLE or len(words) < 2:
        return escaped(title)
    breaks = [(" ".join(words[:place]), " ".join(words[place:])) for place in range(1, len(words))]
    first, second = min(breaks, key=lambda lines: max(map(len, lines)))
    return rf"\shortstack[{'r' if number else 'l'}]{{{escaped(first)}\\{escaped(second)}}}"


def _cell(cell: Cell) -> str:
    # A row that began with a bracket would be taken for the optional argument of the line's end before it.
    text = escaped(cell.text)
    text = f"{{{text[0]}}}{text[1:]}" if text.startswith(("[", "*")) else text
    # Signs in formulas are bold only so.
    return rf"\textbf{{\boldmath {text}}}" if cell.best else text


def _section(section: Section, words: Words, with_figures: bool) -> str:
    parts = _pointers(section, words, with_figures)
    for part in section.parts:
        if isinstance(part, Table):
            parts.append(rf"\input{{tables/{part.name}}}")
        elif isinstance(part, Picture):
            parts.append(_figure(part) if with_figures else f"% {part.name}: see README.txt")
        else:
            parts.append(escaped(part))
    return "\n\n".join(parts) + "\n"


def _pointers(section: Section, words: Words, with_figures: bool) -> list[str]:
    """A sentence that names what the section shows, since LaTeX may set it on another page."""
    shown = [
        rf"{escaped(words.tell(_TABLE))}~\ref{{tab:{part.name}}}"
        if isinstance(part, Table)
        else rf"{escaped(words.tell(_FIGURE))}~\ref{{fig:{part.name}}}"
        for part in section.parts
        if isinstance(part, Table) or (with_figures and isinstance(part, Picture))
    ]
    return [words.tell("See {things}.", things=words.listed(shown))] if shown else []


def _figure(picture: Picture) -> str:
    return rf"""\begin{{figure}}[!htbp]
\centering
\includegraphics[width=\linewidth]{{figures/{picture.name}}}
\caption{{{escaped(picture.caption)}}}
\label{{fig:{picture.name}}}
\end{{figure}}"""


def _main(document: Document) -> str:
    words = document.words
    # Without the package babel, whose Portuguese is not part of LaTeX's base.
    names = {"table": _TABLE, "figure": _FIGURE}
    lines = [rf"\renewcommand{{\{kind}name}}{{{escaped(words.tell(name))}}}" for kind, name in names.items()]
    question = f"\\begin{{center}}\\large {escaped(document.question)}\\end{{center}}\n" if document.question else ""
    sections = "".join(
        f"\\section{{{escaped(section.title)}}}\n\\input{{text/{section.name}}}\n" for section in document.sections
    )
    return (
        _PREAMBLE + "\n".join(lines) + f"\n\\title{{{escaped(document.title)}}}\n\\author{{}}\n"
        f"\\date{{{escaped(words.date(document.created))}}}\n\\begin{{document}}\n\\maketitle\n{question}{sections}"
        "\\end{document}\n"
    )


def _readme(lacking: str, words: Words) -> str:
    said = words.tell(
        "pdflatex main.tex makes the report. It needs LaTeX's base packages, graphicx and booktabs (on Debian: "
        "texlive-latex-base, texlive-latex-recommended). Each file of tables/ can be taken into another document with "
        "\\input; it needs booktabs and graphicx, and the encodings utf8 and T1."
    )
    missing = words.tell("The figures are left out.") + f" {lacking}\n" if lacking else ""
    return f"{said}\n{missing}"
