import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from av1core.access import Access
from av1core.analysis import ledger as module
from av1core.analysis.hypotheses import Decision
from av1core.analysis.ledger import Ledger, shipped_hypotheses
from av1core.analysis.reported import reported_results
from av1core.analysis.studies import STUDIES
from av1core.errors import AccessError, LedgerError, SpecError

MINE = {"statement": "PolyLoss helps.", "low": 2.0, "high": 3.0, "study": "loss", "variant": "PolyLoss"}


@pytest.fixture
def ledger(tmp_path) -> Ledger:
    return Ledger(tmp_path / "runs")


def folder(ledger: Ledger) -> Path:
    return ledger.runs_dir / ".lab" / "hypotheses"


def keys(ledger: Ledger) -> list[str]:
    return [each.key for each in ledger.read().hypotheses]


def test_the_thesis_hypothesis_is_shipped_as_it_was_reported():
    (shipped,) = shipped_hypotheses()
    said = shipped.now
    assert (shipped.key, said.low, said.high, said.direction) == ("H1", 1.0, 2.0, 1)
    study = STUDIES[said.study]
    assert (said.study, study.stage) == ("batchnorm", "stage2")
    assert said.variant == "BN eval" and said.variant in [variant.name for variant in study.variants]
    assert said.time is None and said.author == "thesis" and shipped.shipped
    assert shipped.decision.choice == "keep" and shipped.reported.words == "partially confirmed"
    row = reported_results("stage2").set_index("experiment").loc[shipped.reported.experiment]
    assert row["delta"] == 0.32 and row["batchnorm"] == "eval"


def test_looking_writes_nothing(ledger):
    assert ledger.read() == (shipped_hypotheses(), ())
    assert ledger.get("H1") == shipped_hypotheses()[0]
    assert not ledger.runs_dir.exists()


def test_a_hypothesis_is_stored_with_its_time_and_its_author(ledger):
    before = time.time()
    mine = Ledger(ledger.runs_dir, author="ada@example.org").add(**MINE)
    assert mine.key == "H2" and not mine.shipped and before <= mine.now.time <= time.time()
    assert mine.now.author == "ada@example.org" and {name: getattr(mine.now, name) for name in MINE} == MINE
    assert ledger.get("H2") == mine and ledger.read().hypotheses[1] == mine
    assert {file.name for file in folder(ledger).iterdir()} == {"H2.json"}
    assert ledger.add(**MINE).key == "H3" and ledger.add(**MINE).now.author == ""


def test_numbers_go_on_after_the_highest_and_in_order(ledger):
    for _ in range(9):
        ledger.add(**MINE)
    assert keys(ledger) == [f"H{number}" for number in range(1, 11)]
    (folder(ledger) / "H4.json").unlink()
    assert ledger.add(**MINE).key == "H11"


def test_nothing_that_was_written_is_taken_away(ledger):
    first = ledger.add(**MINE)
    other = Ledger(ledger.runs_dir, author="bo@example.org")
    second = other.edit("H2", low=1.0)
    third = ledger.edit("H2", statement="PolyLoss helps much.", high=4.0)
    assert third.revisions[:1] == first.revisions and third.revisions[:2] == second.revisions
    assert [(each.low, each.high, each.author) for each in third.revisions] == [
        (2.0, 3.0, ""), (1.0, 3.0, "bo@example.org"), (1.0, 4.0, ""),
    ]  # fmt: skip
    times = [each.time for each in third.revisions]
    assert times == sorted(times) and third.now.statement == "PolyLoss helps much."
    ledger.decide("H2", "keep", "It is cheap.")
    decided = other.decide("H2", "discard", "It is not.")
    assert decided.revisions == third.revisions and ledger.get("H2") == decided
    assert [(each.choice, each.reasons, each.author) for each in decided.decisions] == [
        ("keep", "It is cheap.", ""), ("discard", "It is not.", "bo@example.org"),
    ]  # fmt: skip


def test_what_is_the_same_already_is_no_edit(ledger):
    ledger.add(**MINE)
    assert ledger.edit("H2", **MINE) == ledger.get("H2") and len(ledger.get("H2").revisions) == 1
    ledger.decide("H2", "keep", "Why.")
    assert len(ledger.decide("H2", "keep", "Why.").decisions) == 1
    assert len(ledger.decide("H2", "keep", "Another why.").decisions) == 2
    assert ledger.decide("H1", "keep", shipped_hypotheses()[0].decision.reasons).shipped
    assert keys(ledger) == ["H1", "H2"] and not (folder(ledger) / "H1.json").exists()


def test_a_shipped_one_is_copied_with_its_history_before_it_is_changed(ledger):
    (shipped,) = shipped_hypotheses()
    content = module.SHIPPED_FILE.read_bytes()
    changed = ledger.edit("H1", low=0.5)
    assert changed.revisions[:-1] == shipped.revisions and changed.now.low == 0.5 and changed.now.time is not None
    assert changed.decisions == shipped.decisions and changed.reported == shipped.reported and not changed.shipped
    assert ledger.get("H1") == changed and ledger.read().hypotheses == (changed,)
    assert module.SHIPPED_FILE.read_bytes() == content and shipped_hypotheses() == (shipped,)
    decided = Ledger(ledger.runs_dir.parent / "other").decide("H1", "open")
    assert decided.decisions[:-1] == shipped.decisions and decided.decision.choice == "open" and not decided.shipped


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"key": "H2", "revisions": []}',
        b'{"key": "H2", "revisions": 3}',
        b"[" * 100_000,
    ],
)
def test_a_damaged_file_is_named_never_replaced_and_hides_no_other(ledger, content):
    for _ in range(2):
        ledger.add(**MINE)
    file = folder(ledger) / "H2.json"
    file.write_bytes(content)
    found = ledger.read()
    assert [each.key for each in found.hypotheses] == ["H1", "H3"]
    (problem,) = found.problems
    assert str(file) in problem
    for change in (lambda: ledger.edit("H2", low=0.0), lambda: ledger.decide("H2", "keep"), lambda: ledger.get("H2")):
        with pytest.raises(LedgerError, match=r"H2\.json"):
            change()
    assert file.read_bytes() == content and ledger.add(**MINE).key == "H4"


@pytest.mark.parametrize("fields", [{"key": "H3"}, {"low": 9.0}, {"study": ""}, {"low": None}, {"choice": "maybe"}])
def test_a_file_that_says_what_cannot_be_is_damaged(ledger, fields):
    ledger.add(**MINE)
    ledger.decide("H2", "keep")
    file = folder(ledger) / "H2.json"
    record = json.loads(file.read_text())
    for part in (record, record["revisions"][0], record["decisions"][0]):
        part |= {name: value for name, value in fields.items() if name in part}
    file.write_text(json.dumps(record))
    assert keys(ledger) == ["H1"] and "H2.json" in ledger.read().problems[0]


def test_a_damaged_copy_does_not_pass_for_what_was_shipped(ledger):
    ledger.edit("H1", low=0.5)
    (folder(ledger) / "H1.json").write_text("{")
    assert keys(ledger) == [] and len(ledger.read().problems) == 1
    with pytest.raises(LedgerError, match=r"H1\.json"):
        ledger.get("H1")


def test_a_file_does_not_make_itself_a_shipped_one(ledger):
    ledger.add(**MINE)
    file = folder(ledger) / "H2.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"shipped": True}))
    assert not ledger.get("H2").shipped


@pytest.mark.parametrize("key", ["H9", "", "h1", "../H1", "H1.json"])
def test_a_key_that_is_none_is_an_error_that_lists_those_there_are(ledger, key):
    for change in (lambda: ledger.get(key), lambda: ledger.edit(key, low=0.0), lambda: ledger.decide(key, "keep")):
        with pytest.raises(LedgerError, match=r"no hypothesis.*There are H1"):
            change()


def test_what_is_not_valid_leaves_the_ledger_as_it_was(ledger):
    ledger.add(**MINE)
    before = (folder(ledger) / "H2.json").read_bytes()
    for change in (
        lambda: ledger.add(**MINE | {"low": 5.0}),
        lambda: ledger.edit("H2", low=5.0),
        lambda: ledger.decide("H2", "maybe"),
    ):
        with pytest.raises(LedgerError, match=r"^(low|decision): "):
            change()
    assert (folder(ledger) / "H2.json").read_bytes() == before and keys(ledger) == ["H1", "H2"]


def test_a_study_and_its_variant_are_those_there_are(ledger):
    ledger.add(**MINE)
    before = (folder(ledger) / "H2.json").read_bytes()
    for change in (lambda **fields: ledger.add(**MINE | fields), lambda **fields: ledger.edit("H2", **fields)):
        with pytest.raises(SpecError, match=r"^study: there is no 'no-such'.*batchnorm"):
            change(study="no-such")
        with pytest.raises(SpecError, match=r"^variant: the study loss has none called 'BN eval'.*PolyLoss"):
            change(variant="BN eval")
        with pytest.raises(SpecError, match=r"^variant: the study batchnorm"):
            change(study="batchnorm")
    assert (folder(ledger) / "H2.json").read_bytes() == before and keys(ledger) == ["H1", "H2"]
    assert ledger.edit("H2", study="batchnorm", variant="BN eval").now.study == "batchnorm"


def test_one_of_a_study_that_is_no_more_is_still_read_and_decided(ledger):
    ledger.add(**MINE)
    file = folder(ledger) / "H2.json"
    file.write_text(file.read_text().replace("PolyLoss", "Gone"))
    assert ledger.edit("H2", low=1.0).now.variant == "Gone" and ledger.decide("H2", "discard").decision.choice


def test_who_may_only_look_changes_nothing(ledger):
    looking = Ledger(ledger.runs_dir, Access("look only"))
    for change in (
        lambda: looking.add(**MINE), lambda: looking.edit("H1", low=0.0), lambda: looking.decide("H1", "open"),
    ):  # fmt: skip
        with pytest.raises(AccessError, match="look only"):
            change()
    assert looking.read() == ledger.read() and not ledger.runs_dir.exists()


def test_many_who_write_at_once_lose_nothing(ledger):
    ledger.add(**MINE)

    def work(number: int) -> str:
        own = Ledger(ledger.runs_dir, author=f"{number}@example.org")
        own.edit("H2", high=3.0 + number)
        own.decide("H2", "open", str(number))
        return own.add(**MINE).key

    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(work, range(1, 13)))
    assert len(set(made)) == 12 and len(keys(ledger)) == 14
    found = ledger.get("H2")
    assert {each.high for each in found.revisions} == {3.0 + number for number in range(13)}
    assert {each.reasons for each in found.decisions} == {str(number) for number in range(1, 13)}
    assert [each.high - 3.0 for each in found.revisions[1:]] == [
        float(each.author.partition("@")[0]) for each in found.revisions[1:]
    ]


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "runs").write_text("no folder")
    with pytest.raises(LedgerError, match="hypotheses cannot be written there"):
        Ledger(tmp_path / "runs").add(**MINE)
    assert Decision() == Ledger(tmp_path / "elsewhere").add(**MINE).decision


def test_a_damaged_shipped_file_is_named(tmp_path):
    for content in (b"", b"[{}]", b'{"key": "H1"}'):
        (tmp_path / "hypotheses.json").write_bytes(content)
        with pytest.raises(LedgerError, match=r"hypotheses\.json"):
            shipped_hypotheses(tmp_path / "hypotheses.json")
    with pytest.raises(LedgerError, match="gone"):
        shipped_hypotheses(tmp_path / "gone.json")
