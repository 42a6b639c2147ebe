import re

import pytest

from av1core.analysis.latex import escaped

KEPT = re.compile(r"\\(textbackslash|textasciicircum|textasciitilde|textless|textgreater|textbar)\{\}|\\[{}$&#%_]")


def test_signs_of_latex_are_shown_and_do_nothing():
    text = r"\ { } $ & # % _ ^ ~ < > |"
    assert escaped("50 % of a_b & c") == r"50 \% of a\_b \& c"
    assert not set(KEPT.sub("", escaped(text))) & set(r"\{}$&#%_^~<>|")
    assert len(KEPT.findall(escaped(text))) == len(text.split())


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("Δ γ α β λ Λ", r"$\Delta$ $\gamma$ $\alpha$ $\beta$ $\lambda$ $\Lambda$"),
        ("−0,32 ± 1 – ×", r"$-$0,32 $\pm$ 1 -- $\times$"),
        ("configuração Änderung", "configuração Änderung"),
        ("e\u0301", "é"),
        ("ệ \ufb01", "e fi"),
        ("😀 中", "[U+1F600] [U+4E2D]"),
        ("½", "1/2"),
        ("a\x00\u200b\tb\n c", "a b c"),
        ("a--b ''", "a-{}-b '{}'"),
        ("", ""),
    ],
)
def test_beyond_ascii_a_text_reads_as_it_did_or_tells_the_sign(text, latex):
    assert escaped(text) == latex
