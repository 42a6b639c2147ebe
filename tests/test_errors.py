import pickle
from pathlib import Path

import pytest

from av1core.dataset.folder import Dataset
from av1core.errors import DatasetError, said
from av1core.storage import read_json, write_json_atomically
from av1core.translation import Message, Words

PHOTOS = Path(__file__).parents[1] / "data" / "photos" / "dataset.json"


def test_an_error_reads_in_english_and_is_told_in_portuguese_with_the_reason_inside_it(tmp_path):
    file = tmp_path / "dataset.json"
    write_json_atomically(file, {**read_json(PHOTOS), "format": 9})
    with pytest.raises(DatasetError) as caught:
        Dataset.open(tmp_path)
    error = pickle.loads(pickle.dumps(caught.value))  # as it comes from another process
    assert str(error) == (
        f'{file} is not a dataset description: its "format" is 9 and this Lab reads 2. Copy or rebuild the dataset.'
    )
    assert Words("pt_BR").tell(said(error)) == (
        f'{file} não é uma descrição de conjunto de dados: seu "format" é 9 e este Lab lê 2. Copie ou reconstrua o '
        "conjunto de dados."
    )


def test_what_an_error_of_others_says_is_its_text():
    said_by_python = said(OSError(2, "No such file"))
    assert said_by_python == "[Errno 2] No such file" and not isinstance(said_by_python, Message)
    assert said(ValueError()) == ""
