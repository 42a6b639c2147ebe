"""The ledger of hypotheses: those that are shipped, and those that somebody wrote or changed in a runs folder.

data/hypotheses.json         the shipped ones, never changed
<runs>/.lab/hypotheses/      one file a hypothesis, such as H2.json, with every revision and decision
<runs>/.lab/hypotheses.lock  held while one of them is changed

A shipped hypothesis that somebody changes is copied into the runs folder with its history, and changed there.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import NamedTuple

from pydantic import TypeAdapter, ValidationError

from av1core.access import EVERYBODY, Access, changes
from av1core.analysis import studies
from av1core.analysis.hypotheses import KEY, Decision, Hypothesis, Revision
from av1core.errors import LedgerError, said
from av1core.runs.queue import LAB
from av1core.storage import locked, remove_unfinished_files, write_json_atomically
from av1core.translation import message

SHIPPED_FILE = Path(__file__).parents[2] / "data" / "hypotheses.json"

_HYPOTHESIS = TypeAdapter(Hypothesis)
_SHIPPED = TypeAdapter(tuple[Hypothesis, ...])


class Contents(NamedTuple):
    """The hypotheses by number, and for each file that cannot be read a sentence that names it."""

    hypotheses: tuple[Hypothesis, ...]
    problems: tuple[str, ...]


def shipped_hypotheses(file: Path = SHIPPED_FILE) -> tuple[Hypothesis, ...]:
    """Those that come with the Lab. Raises LedgerError if the file is missing or damaged."""
    try:
        return tuple(replace(each, shipped=True) for each in _SHIPPED.validate_json(file.read_bytes()))
    except (OSError, ValidationError, LedgerError) as error:
        raise LedgerError(
            message("{file}: the shipped hypotheses cannot be read: {error}", file=file, error=said(error))
        ) from error


class Ledger:
    """The hypotheses of one runs folder, read and changed for somebody. Nothing that was written is ever taken away.

    author: the address of that somebody, where a login tells it. Any number of ledgers, in any process and thread, may
    be at work on one folder. What changes it raises AccessError for those who may only look, and LedgerError where the
    folder cannot be written.
    """

    def __init__(self, runs_dir: Path, access: Access = EVERYBODY, author: str = ""):
        self.runs_dir = Path(runs_dir)
        self.access = access
        self.author = author
        self._folder = self.runs_dir / LAB / "hypotheses"

    def read(self) -> Contents:
        """Every hypothesis; one whose file is damaged is told of in `problems`, and the others are there.

        LedgerError as `shipped_hypotheses`.
        """
        found = {each.key: each for each in shipped_hypotheses()}
        problems = []
        for key in self._stored():
            try:
                found[key] = self._read(key)
            except LedgerError as error:
                found.pop(key, None)  # what was shipped is not what somebody made of it
                problems.append(said(error))
        return Contents(tuple(found[key] for key in sorted(found, key=_number)), tuple(problems))

    def get(self, key: str) -> Hypothesis:
        """Raises LedgerError if there is none of that key or its file is damaged."""
        if key in self._stored():
            return self._read(key)
        shipped = {each.key: each for each in shipped_hypotheses()}
        if key not in shipped:
            known = ", ".join(each.key for each in self.read().hypotheses)
            raise LedgerError(
                message(
                    "There is no hypothesis {key!r} in {folder}. There are {known}.",
                    key=key[:20],
                    folder=self.runs_dir,
                    known=known,
                )
            )
        return shipped[key]

    @changes
    def add(self, statement: str, low: float, high: float, study: str, variant: str) -> Hypothesis:
        """A new hypothesis, as of now, with the next free number. Fields as of `Revision`.

        Raises LedgerError or SpecError if a field is not valid or there is no such study or variant.
        """
        revision = Revision(statement, low, high, study, variant, time.time(), self.author)
        studies.study(revision.study).variant(revision.variant)
        with self._changing():
            taken = [*self._stored(), *(each.key for each in shipped_hypotheses())]
            return self._write(Hypothesis(f"H{max(map(_number, taken), default=0) + 1}", (revision,)))

    @changes
    def edit(self, key: str, **fields) -> Hypothesis:
        """Add a revision in which these fields are others; what is the same already adds none. Fields as of `add`.

        Raises LedgerError or SpecError as `get` and `add`.
        """

        def edited(old: Hypothesis) -> Hypothesis:
            if all(getattr(old.now, name) == value for name, value in fields.items()):
                return old
            revision = replace(old.now, **fields, time=time.time(), author=self.author)
            if {"study", "variant"} & fields.keys():
                studies.study(revision.study).variant(revision.variant)
            return replace(old, revisions=(*old.revisions, revision))

        return self._change(key, edited)

    @changes
    def decide(self, key: str, choice: str, reasons: str = "") -> Hypothesis:
        """Add a decision; the same again adds none. Fields as of `Decision`. LedgerError as it and `get` raise it."""
        decision = Decision(choice, reasons, time.time(), self.author)

        def decided(old: Hypothesis) -> Hypothesis:
            if (old.decision.choice, old.decision.reasons) == (choice, reasons):
                return old
            return replace(old, decisions=(*old.decisions, decision))

        return self._change(key, decided)

    def _change(self, key: str, changed: Callable[[Hypothesis], Hypothesis]) -> Hypothesis:
        with self._changing():
            old = self.get(key)
            new = changed(old)
            return old if new is old else self._write(replace(new, shipped=False))

    @contextmanager
    def _changing(self) -> Iterator[None]:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with locked(self._folder.with_suffix(".lock")):
                remove_unfinished_files(self._folder)
                yield
        except OSError as error:
            reason = error.strerror or error
            raise LedgerError(
                message("{folder}: hypotheses cannot be written there ({reason}).", folder=self._folder, reason=reason)
            ) from error

    def _stored(self) -> list[str]:
        return [file.stem for file in self._folder.glob("H*.json") if KEY.fullmatch(file.stem)]

    def _file(self, key: str) -> Path:
        return self._folder / f"{key}.json"

    def _read(self, key: str) -> Hypothesis:
        file = self._file(key)
        try:
            found = _HYPOTHESIS.validate_json(file.read_bytes())
        except (OSError, ValidationError, LedgerError) as error:
            raise LedgerError(
                message("{file}: not a readable hypothesis: {error}", file=file, error=said(error))
            ) from error
        if found.key != key:
            raise LedgerError(
                message("{file}: it holds the hypothesis {other!r}, not {key}.", file=file, other=found.key, key=key)
            )
        return replace(found, shipped=False)

    def _write(self, hypothesis: Hypothesis) -> Hypothesis:
        write_json_atomically(self._file(hypothesis.key), asdict(hypothesis))
        return hypothesis


def _number(key: str) -> int:
    return int(key[1:])
