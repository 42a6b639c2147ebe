import json

import pytest

from av1core.cli.spec_arguments import key_and_text, spec_values
from av1core.errors import SpecError
from av1core.training.presets import preset


def test_a_preset_or_a_file_with_settings_put_in(tmp_path):
    file = tmp_path / "spec.json"
    file.write_text(json.dumps(preset("exp03").values))
    changes = ["adapter.reduction=2", "loss.name=poly", "name=a=b", "optimiser.head_lr=1e-3"]
    values = spec_values("exp03", None, changes)
    assert values == spec_values(None, file, changes)
    assert values["adapter"] == {"reduction": 2, "batchnorm": "eval"}
    assert (values["loss"], values["name"], values["optimiser"]) == ({"name": "poly"}, "a=b", {"head_lr": 1e-3})
    assert preset("exp03").values["adapter"]["reduction"] == 4


@pytest.mark.parametrize(("text", "message"), [(None, "not a readable JSON file"), ("{", "not a readable JSON file"),
                                               ("[]", "a run spec is a JSON object")])  # fmt: skip
def test_a_file_that_is_no_spec_is_named(tmp_path, text, message):
    file = tmp_path / "spec.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(SpecError, match=rf"spec\.json: {message}"):
        spec_values(None, file, [])


def test_a_setting_without_a_value_is_named_with_its_option():
    with pytest.raises(SpecError, match="--vary loss: write it as key=value"):
        key_and_text("--vary", "loss")
