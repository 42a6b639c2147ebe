from dataclasses import replace
from datetime import datetime

from av1core.analysis.hypotheses import Decision, Hypothesis, Judgement, Revision
from av1core.analysis.hypothesis_text import delta_text, facts, history, range_text, study_text
from av1core.analysis.ledger import shipped_hypotheses
from av1core.analysis.outcome import Outcome
from av1core.analysis.reported import reported_comparison, reported_results
from av1core.analysis.statistics import UNKNOWN, Interval
from av1core.analysis.verdicts import Comparison
from av1core.translation import ENGLISH, Words

FIRST = Revision("It helps.", -0.5, 1.0, "loss", "PolyLoss", time=86_400.0 * 400, author="ada@example.org")
COMPARISON = Comparison(
    "variant", "baseline", 6, 0.321, seeds=Interval(-0.1, 0.7), p=0.2, p_adjusted=0.2, units=12, unit="source",
    pictures=Interval(-0.2, 0.9), needed=9, verdict="not established", reason="Why.",
)  # fmt: skip


def moment(time: float) -> str:
    return f"{ENGLISH.date(datetime.fromtimestamp(time))}, {datetime.fromtimestamp(time):%H:%M}"


def told(comparison: Comparison | None, hypothesis: Hypothesis | None = None, **fields) -> dict[str, str]:
    fields = {"reported": None, "judgement": Judgement("partly", "Why."), "where": "uvg, split by source"} | fields
    return facts(hypothesis or Hypothesis("H2", (FIRST,)), Outcome(comparison, **fields))


def test_figures_are_signed_and_in_pp_and_what_is_not_known_is_said():
    assert range_text(FIRST) == "−0.5 to +1 pp" and study_text(FIRST) == "Loss (Stage 2): PolyLoss"
    assert study_text(replace(FIRST, study="gone")) == "gone: PolyLoss"
    result = told(COMPARISON)["Result"]
    assert "Δ = +0.32 pp" in result and "over seeds −0.10 to +0.70 pp (6 pairs)" in result
    assert "over pictures −0.20 to +0.90 pp (12 sources). Data: uvg, split by source." in result
    lone = replace(COMPARISON, pairs=1, seeds=UNKNOWN, pictures=UNKNOWN, units=0)
    assert "over seeds unknown (1 pair), over pictures unknown." in told(lone)["Result"]
    assert told(None, lacking="No run yet.")["Result"] == "No run yet."
    assert delta_text(Outcome(None, None, None)) == "–" and delta_text(Outcome(COMPARISON, None, None)) == "+0.32 pp"


def test_when_and_by_whom_and_whether_late():
    when = f"{moment(FIRST.time)}, ada@example.org"
    assert told(None)["Predicted"] == f"Δ of −0.5 to +1 pp, {when}."
    assert told(None, begun=1)["Predicted"].endswith("Written after 1 run of the variant had begun.")
    assert told(None, begun=2)["Predicted"].endswith("Written after 2 runs of the variant had begun.")
    assert told(None)["Decision"] == "open." and told(None)["Verdict"] == "partly. Why."
    # The words were changed later, the prediction was not.
    later = replace(FIRST, statement="It helps much.", time=FIRST.time + 1e6)
    assert when in told(None, Hypothesis("H2", (FIRST, later)))["Predicted"]


def test_the_shipped_one_quotes_the_thesis_and_says_what_it_does_not_record():
    (shipped,) = shipped_hypotheses()
    comparison = reported_comparison(reported_results(), shipped.reported.experiment)
    said = told(None, shipped, reported=comparison, lacking="No run of the study has finished.")
    assert "+1 to +2 pp, date not recorded in the thesis" in said["Predicted"]
    assert said["Result"] == "No run of the study has finished." and said["Decision"].startswith("keep, ")
    reported = "Δ = +0.32 pp, Exp 03 against Baseline, 1 seed. Its author calls it “partially confirmed”."
    assert said["As reported"] == told(COMPARISON, shipped, reported=comparison)["As reported"] == reported
    assert told(None, shipped)["As reported"] == "Exp 03. Its author calls it “partially confirmed”."
    assert delta_text(Outcome(None, comparison, None)) == "+0.32 pp (reported)"


def test_the_history_tells_everything_in_order_of_time():
    second = replace(FIRST, low=0.0, statement="New.", time=FIRST.time + 120, author="")
    decisions = Decision("keep", "Cheap.", FIRST.time + 60), Decision("discard", "", FIRST.time + 180, "bo@x.org")
    first, kept, changed, discarded = history(Hypothesis("H2", (FIRST, second), decisions))
    assert "ada@example.org: “It helps.” Predicted −0.5 to +1 pp; Loss (Stage 2): PolyLoss." in first
    assert kept.endswith(": decided keep. Cheap.") and discarded.endswith(", bo@x.org: decided discard.")
    assert changed.endswith(": changed statement from “It helps.” to “New.”; low from −0.5 pp to +0 pp.")
    for line, after in ((first, 0), (kept, 60), (changed, 120), (discarded, 180)):
        assert line.startswith(moment(FIRST.time + after))
    (shipped,) = shipped_hypotheses()
    assert all(line.startswith("date not recorded in the thesis: ") for line in history(shipped))


def test_it_is_told_in_the_language_of_its_reader_but_not_what_people_wrote():
    (shipped,) = shipped_hypotheses()
    words = Words("pt_BR")
    said = facts(shipped, Outcome(COMPARISON, None, Judgement("partly", "Why."), where="uvg"), words)
    assert "sobre sementes: −0,10 a +0,70 pp (6 pares)" in said["Resultado"] and "tese" in said["Previsto"]
    assert said["Decisão"].startswith("manter, data não registrada (tese). A tese mantém")
    edited = Hypothesis("H2", (FIRST, replace(FIRST, low=0.0, time=FIRST.time + 120)))
    first, changed = history(edited, words)
    assert "“It helps.”" in first and changed.endswith("mínimo de −0,5 pp para +0 pp.") and " de 1971" in first
