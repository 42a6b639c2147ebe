import shutil
from dataclasses import fields, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from av1core.dataset.folder import FRAMES, Blocks, Dataset, fingerprint, frame_digest, new_folder, write_tables
from av1core.runs.execute import execute
from av1core.runs.folder import RunFolder
from av1core.training.presets import PRESETS
from av1core.training.spec import parse_spec, with_overrides

PHOTOS = Path(__file__).parents[2] / "data" / "photos"
KEPT, QINDEX = ("camera", "coffee", "flower", "retina"), 172


class PhotosRuns(NamedTuple):
    """Part of data/photos, and a runs folder with a Stage-1 run of it, whose backbone is a small one.

    overrides: those under which a preset trains two steps on it.
    """

    runs_dir: Path
    stage1: str
    overrides: dict


@pytest.fixture(scope="session")
def photos_runs(tmp_path_factory) -> PhotosRuns:
    folder = tmp_path_factory.mktemp("photos")
    dataset = part_of_photos(folder / "part")
    overrides = {"dataset": str(dataset), "epochs": 1, "epoch_blocks": 64, "batch_size": 32}
    spec = parse_spec(with_overrides(PRESETS["stage1"].values, overrides | {"backbone": {"name": "resnet10t"}}))
    run = RunFolder.create(folder / "runs", spec)
    assert execute(run).state == "finished"
    return PhotosRuns(folder / "runs", run.id, overrides)


def part_of_photos(out: Path) -> Path:
    """Four photographs of data/photos at one qindex, two of them validating: 1,600 blocks, evaluated in a second."""
    photos = Dataset.open(PHOTOS)
    places = [index for index, source in enumerate(photos.sources) if source.name in KEPT]
    rows = np.isin(photos.blocks.source, places) & (photos.blocks.qindex == QINDEX)
    columns = {field.name: getattr(photos.blocks, field.name)[rows] for field in fields(Blocks)}
    columns["source"] = np.searchsorted(places, columns["source"]).astype(np.int16)
    blocks, sources = Blocks(**columns), tuple(photos.sources[place] for place in places)
    description = replace(
        photos.description,
        fingerprint=fingerprint(blocks, (frame_digest(photos.luma(place)) for place in places)),
        qindexes=(QINDEX,),
        block_count=len(blocks),
        split=replace(photos.split, val=tuple(name for name in photos.split.val if name in KEPT)),
        sources=sources,
    )
    with new_folder(out) as draft:
        (draft / FRAMES).mkdir()
        for source in sources:
            shutil.copy(PHOTOS / source.file, draft / source.file)
        write_tables(draft, description, blocks)
    return out
