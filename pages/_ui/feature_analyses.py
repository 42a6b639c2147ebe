"""Analyses of features, kept for every session by what they rest on."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from av1core.analysis import feature_map as maps
from av1core.analysis.features import FEATURE_LAYERS, backbone_digest, kept_features
from av1core.analysis.predictions import Predictions
from av1core.analysis.probes import Probes, probe
from av1core.analysis.similarity import cka_table
from av1core.partition import Stage
from pages._ui.words import tell

if TYPE_CHECKING:
    from av1core.analysis.maps.subject import Subject


def probes(subject: "Subject", stage: Stage, predictions: Predictions | None) -> Probes:
    """`probe` of a run's backbone; predictions: of the run, if it decides this stage."""
    with st.spinner(tell("Fitting a probe to each layer, which can take a minute the first time…")):
        return _probes(*_of(subject), stage.name, subject, stage, predictions)


def similarity(one: "Subject", other: "Subject", rows: Sequence[int], form: str):
    """`cka_table` of all layers of two runs, and whether their backbones are the same."""
    with st.spinner(tell("Comparing layers…")):
        return _similarity(*_of(one), *_of(other), rows, form, one, other)


def feature_map(
    subject: "Subject", rows: Sequence[int], predictions: Predictions, layer: str, form: str, way: str
) -> maps.FeatureMap:
    """The map of blocks by their features of one layer."""
    with st.spinner(tell("Placing blocks by their features…")):
        return _feature_map(*_of(subject), rows, layer, form, way, subject, predictions)


def _of(subject: "Subject") -> tuple[str, str, str]:
    return str(subject.folder.path), subject.weights, subject.dataset.fingerprint


@st.cache_data(max_entries=64, show_spinner=False)
def _probes(folder: str, weights: str, data: str, stage: str, _subject, _stage, _predictions) -> Probes:
    return probe(_subject, _stage, _predictions)


@st.cache_data(max_entries=64, show_spinner=False)
def _similarity(
    folder: str, weights: str, data: str, other_folder: str, others: str, other_data: str, rows, form, _one, _other
):
    one, other = (kept_features(subject, rows, FEATURE_LAYERS, form) for subject in (_one, _other))
    return cka_table(one, other), backbone_digest(_one.model) == backbone_digest(_other.model)


@st.cache_data(max_entries=64, show_spinner=False)
def _feature_map(
    folder: str, weights: str, data: str, rows, layer: str, form: str, way: str, _subject, _predictions
) -> maps.FeatureMap:
    features = kept_features(_subject, rows, [layer], form)[layer]
    return maps.feature_map(features, rows, _subject.dataset, _predictions, way)
