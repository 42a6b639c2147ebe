"""A form made from the run spec itself: every field with its type's widget, its limits and its description."""

from inspect import getdoc
from types import NoneType
from typing import Any, Literal, get_args, get_origin

import streamlit as st
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from av1core.training.spec import RunSpec
from pages._ui.words import tell

_ACRONYMS = {"lr": "LR", "batchnorm": "BatchNorm"}


def spec_form(values: dict[str, Any], choices: dict[str, dict[str, str]], key: str) -> dict[str, Any]:
    """Widgets for a RunSpec, started from `values`; returns the values as chosen, not yet validated.

    choices: for fields whose options come from elsewhere, label by value. key: prefix of the widgets' keys.
    """
    chosen = {"stage": values["stage"]}
    parts = {"backbone": values["stage"] == "stage1", "adapter": values["stage"] != "stage1"}
    own = st.container()
    columns = own.columns(3)
    plain = 0
    for name, field in RunSpec.model_fields.items():
        if name == "stage" or (name == "stage1_run" and values["stage"] == "stage1"):
            continue
        part = _part(field)
        if part is None:
            offered, own = choices.get(name), values.get(name)
            if offered is not None and own and own not in offered:
                offered = {own: own, **offered}  # a default gives way to what there is, what somebody chose does not
            with columns[plain % 3]:
                chosen[name] = _widget(name, field, values.get(name, field.default), offered, f"{key}.{name}")
            plain += 1
        elif parts.get(name, True):
            start = values.get(name) or {}
            with st.expander(tell(field_title(name, field))):
                st.caption(tell(part_about(part)))
                chosen[name] = {
                    child: _widget(child, info, start.get(child, info.default), None, f"{key}.{name}.{child}")
                    for child, info in part.model_fields.items()
                }
    return chosen


def part_about(part: type[BaseModel]) -> str:
    """What a part of a spec is, in English: its docstring as one line."""
    return " ".join(getdoc(part).split())


def _part(field: FieldInfo) -> type[BaseModel] | None:
    kinds = [kind for kind in (get_args(field.annotation) or (field.annotation,)) if isinstance(kind, type)]
    return next((kind for kind in kinds if issubclass(kind, BaseModel)), None)


def _widget(name: str, field: FieldInfo, value: Any, choices: dict[str, str] | None, key: str) -> Any:
    title, about = tell(field_title(name, field)), tell(field.description or "")
    kind = field.annotation
    if choices is not None:
        options = list(choices)
        place = options.index(value) if value in options else 0 if options else None
        if st.session_state.get(key) is None:
            # Left empty while there was nothing to choose.
            st.session_state.pop(key, None)
        return st.selectbox(title, options, place, choices.get, help=about, key=key, placeholder=tell("None there yet"))
    if get_origin(kind) is Literal:
        options = list(get_args(kind))
        return st.selectbox(title, options, options.index(value), help=about, key=key)
    if get_origin(kind) is tuple:
        return st.multiselect(title, list(get_args(get_args(kind)[0])), list(value), help=about, key=key)
    kinds = {_base(part) for part in get_args(kind)} if get_args(kind) else {_base(kind)}
    if bool in kinds:
        return st.toggle(title, value, help=about, key=key)
    if int in kinds:
        empty = tell("all") if NoneType in kinds else None
        return st.number_input(title, value=value, step=1, format="%d", placeholder=empty, help=about, key=key)
    if float in kinds:
        return st.number_input(title, value=float(value), step=None, format="%g", help=about, key=key)
    return st.text_input(title, value, help=about, key=key)


def _base(kind: Any) -> Any:
    return get_args(kind)[0] if hasattr(kind, "__metadata__") else kind


def field_title(name: str, field: FieldInfo) -> str:
    """What a field of a spec is called, in English."""
    if field.title:
        return field.title
    words = [_ACRONYMS.get(word, word) for word in name.split("_")]
    return " ".join([words[0][:1].upper() + words[0][1:], *words[1:]])
