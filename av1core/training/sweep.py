"""A sweep: every combination of some settings' values, times seeds, as the run specs that it asks for. Needs no torch.

The texts of values and seeds are read here, for the command line and the Launch page alike.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

from av1core.errors import SpecError
from av1core.training.spec import MOST_NAME, RunSpec, flatten, parse_spec, with_overrides
from av1core.translation import message

MOST_RUNS = 2000
"""Runs that one sweep may have: what a preview can still show at once."""


@dataclass(frozen=True)
class Point:
    """One run of a sweep: the values of its factors by dotted key, its seed, and the spec that follows from them.

    spec: None where the values do not go together; then `problem` says why, and is empty otherwise.
    """

    changes: Mapping[str, Any]
    seed: int
    spec: RunSpec | None
    problem: str = ""


@dataclass(frozen=True)
class Sweep:
    """What varies around one spec.

    base: nested values as a preset has them. factors: the values of each setting that varies, by dotted key. Raises
    SpecError for a key that no spec has, a setting or seeds without values, and more than MOST_RUNS runs.
    """

    base: Mapping[str, Any]
    factors: Mapping[str, tuple[Any, ...]]
    seeds: tuple[int, ...]

    def __post_init__(self) -> None:
        known = list(dict.fromkeys([*fields("stage1"), *fields("stage2")]))
        for key, values in self.factors.items():
            if key in ("name", "seed"):
                own = "the changed values are added to it" if key == "name" else "seeds are given beside the factors"
                raise SpecError(message("{key}: a sweep cannot vary it; {own}.", key=key, own=own))
            if key not in known:
                part = key.rpartition(".")[0]
                beside = [name for name in known if name.rpartition(".")[0] == part] or known
                raise SpecError(
                    message("{key}: unknown key. The keys here are {beside}.", key=key, beside=", ".join(beside))
                )
            if not values:
                raise SpecError(message("{key}: give at least one value.", key=key))
        if not self.seeds:
            raise SpecError(message("seeds: give at least one, such as 0-5."))
        size = prod([len(self.seeds), *map(len, self.factors.values())])
        if size > MOST_RUNS:
            raise SpecError(
                message(
                    "This sweep has {size:,} runs; at most {most_runs:,} are planned at once. Vary less.",
                    size=size,
                    most_runs=MOST_RUNS,
                )
            )

    def points(self) -> list[Point]:
        """Every run once, valid or not, seed by seed: a sweep that is stopped has the same seeds of all its variants.

        Values that come to the same spec, such as 1 and 1.0, are one.
        """
        found: dict[str, Point] = {}
        for seed, values in product(self.seeds, product(*self.factors.values())):
            changes = dict(zip(self.factors, values, strict=True))
            try:
                spec = parse_spec(with_overrides(dict(self.base), changes | {"seed": seed}))
            except SpecError as error:
                found.setdefault(json.dumps([changes, seed]), Point(changes, seed, None, str(error)))
                continue
            found.setdefault(spec.hash, Point(changes, seed, self._named(spec)))
        return list(found.values())

    def _named(self, spec: RunSpec) -> RunSpec:
        """The spec with a name that its seeds share and no other variant has: the base's, and the factors' values."""
        values = flatten(spec)
        changes = (f"{_label(key)}={_short(values.get(key))}" for key in self.factors)
        name = ", ".join([spec.name, *changes])
        if len(name) > MOST_NAME:
            mark = f"… {spec.experiment[:6]}"
            name = name[: MOST_NAME - len(mark)] + mark
        return spec.model_copy(update={"name": name})


def fields(stage: str) -> list[str]:
    """Dotted keys of the settings that a run of this stage has and a sweep can vary, in the order of the spec."""
    foreign = {"adapter", "stage1_run"} if stage == "stage1" else {"backbone"}
    return [key for key in flatten(parse_spec({"stage": stage})) if key not in foreign | {"name", "seed"}]


def parse_value(text: str) -> Any:
    """A JSON value such as 2, 1e-4, true, null or ["layer4"]; any other text stands for itself."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def parse_values(text: str) -> tuple[Any, ...]:
    """Values separated by commas, each as `parse_value` reads it: "1, 2, 4", "focal, poly", '["layer3"], ["layer4"]'.

    SpecError where one is missing: "" is the empty text.
    """
    values = re.findall(r'\s*("(?:\\.|[^"\\])*"|\[[^\]]*\]|[^,]*?)\s*,', text + ",")
    if "" in values:
        raise SpecError(
            message(
                '{text}: a value is missing. Separate values by commas; write "" for an empty text.', text=repr(text)
            )
        )
    return tuple(parse_value(value) for value in values)


def value_text(value: Any) -> str:
    """The text that `parse_values` reads as this one value."""
    if isinstance(value, float) and float(short := f"{value:g}") == value:
        return short
    if isinstance(value, str) and value and value.isprintable() and parse_values(value) == (value,):
        return value
    return json.dumps(value, ensure_ascii=False)


def parse_seeds(text: str) -> tuple[int, ...]:
    """Seeds and ranges of seeds: "0-5" is six, "0,3,7" three, and "6" the seed 6 alone. SpecError for another text."""
    return tuple(dict.fromkeys(seed for part in text.split(",") for seed in _seeds(text, part.strip())))


def _seeds(text: str, part: str) -> Iterator[int]:
    first, _, last = part.partition("-")
    numbers = [first, last] if "-" in part else [first]
    if not all(re.fullmatch(r"[0-9]{1,10}", number.strip()) for number in numbers):
        raise SpecError(message("seeds: {text} is not a list such as 0-5 or 0,3,7.", text=repr(text)))
    start, end = int(numbers[0]), int(numbers[-1])
    if not start <= end < start + MOST_RUNS:
        raise SpecError(
            message("seeds: {part} should rise, by at most {most_runs:,} seeds.", part=part, most_runs=MOST_RUNS)
        )
    return iter(range(start, end + 1))


def _label(key: str) -> str:
    *parents, last = key.split(".")
    return parents[-1] if parents and last == "name" else last


def _short(value: Any) -> str:
    return ("+".join(value) or "none") if isinstance(value, list) else value_text(value)
