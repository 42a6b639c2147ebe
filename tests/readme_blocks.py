"""The README's commands and programs as they stand."""

import re
import shlex
from pathlib import Path

README = (Path(__file__).parents[1] / "README.md").read_text()

_SHELL = ("python", "python3", "export", "ray", "streamlit")
"""Words that begin a line of the shell."""


def blocks() -> list[list[str]]:
    """The lines of each indented block, without the indentation; lines that end in a backslash are joined."""
    text = re.sub(r" *\\\n *", " ", README)
    found = re.findall(r"^(?: {4}.*\n)+(?:\n(?: {4}.*\n)+)*", text, re.MULTILINE)
    return [[line[4:] for line in block.splitlines()] for block in found]


def shell_blocks() -> list[list[list[str]]]:
    """The blocks of commands, each command as its words; what stands behind a # is left out."""
    return [[shlex.split(line, comments=True) for line in block] for block in blocks() if block[0].split()[0] in _SHELL]


def python_blocks() -> list[str]:
    """The programs."""
    return ["\n".join(block) for block in blocks() if block[0].startswith("from ")]


def inline_commands() -> list[list[str]]:
    """The commands of Python that stand between backticks, each as its words."""
    return [shlex.split(text) for text in re.findall(r"`(python -m [^`]+)`", README)]
