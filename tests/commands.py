"""Every command of the command line."""

import argparse

from av1core.__main__ import make_parser


def leaves(
    parser: argparse.ArgumentParser, words: tuple[str, ...] = ()
) -> dict[tuple[str, ...], argparse.ArgumentParser]:
    """Every command of a command line by its words."""
    groups = [action.choices for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    children = [child for group in groups for child in group.items()]
    if not children:
        return {words: parser}
    return {leaf: found for word, child in children for leaf, found in leaves(child, (*words, word)).items()}


def commands() -> dict[tuple[str, ...], argparse.ArgumentParser]:
    """Every command by its words, such as ("dataset", "build")."""
    return leaves(make_parser())
