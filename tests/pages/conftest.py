import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def runs_dir(tmp_path, monkeypatch, tiny):
    """An empty runs folder that the pages read, with the tiny dataset on offer."""
    monkeypatch.setenv("AV1LAB_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("AV1LAB_DATASETS", str(tiny.parent))
    yield tmp_path / "runs"
    # Each test has an index, a launcher and models of its own.
    st.cache_resource.clear()


@pytest.fixture(params=["empty", "one", "many"])
def store(request, runs_dir, trained):
    """The three states of the runs folder: empty, one Stage-1 run, and several runs of both stages."""
    if request.param != "empty":
        shutil.copytree(trained.runs_dir / trained.stage1, runs_dir / trained.stage1)
    if request.param == "many":
        shutil.copytree(trained.runs_dir / trained.stage2, runs_dir / trained.stage2)
        for copy in range(3):
            shutil.copytree(trained.runs_dir / trained.stage2, runs_dir / f"{trained.stage2}-{copy}")
    return request.param


@pytest.fixture
def show(runs_dir):
    """Opens a page of the app by its file name, with what a link says, and returns it as it stands."""

    def shown(page: str, link: Mapping[str, str | list[str]] | None = None) -> AppTest:
        app = AppTest.from_file(ROOT / "pages" / "_main.py", default_timeout=60).run()
        if page != "overview":
            app.switch_page(f"{page}.py")
        for name, value in (link or {}).items():
            app.query_params[name] = value
        app.run()
        assert not app.exception, app.exception
        return app

    return shown
