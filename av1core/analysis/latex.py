"""Any text as LaTeX that shows it, for pdflatex with the encodings utf8 and T1 and no further package."""

import re
import unicodedata

_SIGNS = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", "`": r"\textasciigrave{}", "'": "'", '"': r"\textquotedbl{}",
    "–": "--", "—": "---", "‘": "`", "’": "'", "“": "``", "”": "''", "…": r"\ldots{}", "•": r"\textbullet{}",
    "−": "$-$", "±": r"$\pm$", "×": r"$\times$", "·": r"$\cdot$", "÷": r"$\div$", "≤": r"$\leq$", "≥": r"$\geq$",
    "≈": r"$\approx$", "≠": r"$\neq$", "∞": r"$\infty$", "→": r"$\rightarrow$", "←": r"$\leftarrow$",
    "↔": r"$\leftrightarrow$", "√": r"$\surd$", "∑": r"$\sum$", "∈": r"$\in$", "ϵ": r"$\epsilon$", "∂": r"$\partial$",
    "†": r"\textdagger{}", "‡": r"\textdaggerdbl{}", "§": r"\S{}", "°": r"$^\circ$", "µ": r"$\mu$", "ς": r"$\varsigma$",
    "¹": "$^1$", "²": "$^2$", "³": "$^3$", "⁻": "$^-$", "₊": "$_+$", "₋": "$_-$", "ª": r"\textordfeminine{}",
    "º": r"\textordmasculine{}", "⁄": "/", "£": r"\pounds{}", "¢": r"\textcent{}", "€": r"\texteuro{}",
    "™": r"\texttrademark{}", "©": r"\textcopyright{}", "®": r"\textregistered{}", "¿": r"\textquestiondown{}",
    "¡": r"\textexclamdown{}", "«": r"\guillemotleft{}", "»": r"\guillemotright{}", "ß": r"\ss{}",
    "\u00ad": r"\-", "\u2060": "",
}  # fmt: skip

_T1 = frozenset(
    "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞàáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿĂăĄąĆćČčĎďĐđĒēĘęĚěĞğĪīİıŁłŃńŇňŐőŒœŔŕŘřŚśŞşŠšŢţŤťŪūŮůŰűŸŹźŻżŽž"
)
"""Letters beyond ASCII that utf8 and T1 know."""

_GREEK = {
    **{sign: f"${chr(92)}{unicodedata.name(sign).split()[-1].lower()}$" for sign in "αβγδεζηθικμνξπρστυφχψω"},
    **{sign: f"${chr(92)}{unicodedata.name(sign).split()[-1].capitalize()}$" for sign in "ΓΔΘΞΠΣΥΦΨΩ"},
    "λ": r"$\lambda$", "Λ": r"$\Lambda$",  # which Unicode calls lamda
    **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΧο", "ABEZHIKMNOPTXo", strict=True)),  # which look Latin, and LaTeX has no names for
}  # fmt: skip

_LIGATURES = re.compile(r"(?<=-)(?=-)|(?<=,)(?=,)|(?<=')(?=')")
"""Where two signs of a text would be set as another one."""


def escaped(text: str) -> str:
    """LaTeX that shows a text in one line; white space is a blank, control characters are left out.

    A letter that T1 does not have loses its accents, and a sign that nothing is known for, such as an emoji, is shown
    by its number, as [U+1F600].
    """
    line = " ".join(unicodedata.normalize("NFC", text).split())
    return "{}".join("".join(map(_sign, part)) for part in _LIGATURES.split(line))


def _sign(sign: str) -> str:
    if sign in _SIGNS:
        return _SIGNS[sign]
    if sign in _T1 or " " <= sign <= "~":
        return sign
    if sign in _GREEK:
        return _GREEK[sign]
    if unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Mn"):
        return ""
    parts = [part for part in unicodedata.normalize("NFKD", sign) if unicodedata.category(part) != "Mn"]
    known = [_SIGNS.get(part, part if " " < part <= "~" else "") for part in parts]
    return "".join(known) if known and all(known) else f"[U+{ord(sign):04X}]"
