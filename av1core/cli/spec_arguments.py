"""A run spec from arguments: a preset or a file, with settings changed."""

from pathlib import Path
from typing import Any

from av1core.errors import SpecError
from av1core.storage import read_json
from av1core.training.presets import preset
from av1core.training.spec import with_overrides
from av1core.training.sweep import parse_value


def spec_values(key: str | None, file: Path | None, overrides: list[str]) -> dict[str, Any]:
    """The nested values, not yet validated, of a preset or else of a JSON file, with each KEY=VALUE put in."""
    values = preset(key).values if key is not None else _read(file)
    changes = (key_and_text("--set", text) for text in overrides)
    return with_overrides(values, {key: parse_value(value) for key, value in changes})


def key_and_text(option: str, text: str) -> tuple[str, str]:
    """The two sides of KEY=TEXT, as given to an option. Raises SpecError without the sign."""
    key, sign, value = text.partition("=")
    if not sign:
        raise SpecError(f"{option} {text}: write it as key=value.")
    return key, value


def _read(file: Path) -> dict[str, Any]:
    try:
        values = read_json(file)
    except (OSError, ValueError) as error:
        raise SpecError(f"{file}: not a readable JSON file ({error}).") from error
    if not isinstance(values, dict):
        raise SpecError(f"{file}: a run spec is a JSON object.")
    return values
