"Random pipelines load as any other, and depend on their seed alone."

import json

import pytest

from spurious_core.app.dry_run.random_pipelines import PIPELINES, random_pipeline
from spurious_core.app.dry_run.sizes import SIZES
from spurious_core.core.files import checkpoint_hash
from spurious_core.models.pipelines import load_pipeline


@pytest.mark.parametrize("channels", PIPELINES)
def test_each_kind_is_what_its_channels_say(channels, tmp_path):
    folder = random_pipeline(tmp_path / "p", SIZES["tiny"], channels=channels)
    index = json.loads((folder / "model_index.json").read_text())
    assert index["_class_name"] == PIPELINES[channels].__name__
    assert load_pipeline(folder).unet.config.in_channels == channels


def test_weights_depend_on_the_seed_alone(tmp_path):
    seeds = dict(first=0, again=0, other=1)
    hashes = {
        name: checkpoint_hash(random_pipeline(tmp_path / name, SIZES["tiny"], seed))
        for name, seed in seeds.items()
    }
    assert hashes["first"] == hashes["again"] != hashes["other"]
