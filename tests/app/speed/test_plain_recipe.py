"The plain recipe trains what it says, on what it says, and leaves the pipeline's weights as they are."

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from spurious_core.app.speed.plain_recipe import KEPT_PARTS, PlainData, PlainRecipe, join_halves, part_shares
from spurious_core.diffusion.training.config import PersonalizeConfig

CONFIG = PersonalizeConfig("a photo of sks", class_prompt="a photo", batch_size=2, lr=1e-2)
PARTS = ["read and tokenise", "encode images", "encode prompts", *KEPT_PARTS]


@pytest.fixture
def folders(tmp_path):
    "Three references of grey 0, 50, 100; four class pictures of grey 150."
    for name, greys in dict(references=(0, 50, 100), prior=(150,) * 4).items():
        (tmp_path / name).mkdir()
        for i, grey in enumerate(greys):
            Image.fromarray(np.full((20, 30, 3), grey, np.uint8)).save(tmp_path / name / f"{i}.png")
    return tmp_path / "references", tmp_path / "prior"


def test_an_item_is_a_reference_and_a_class_picture(folders, tiny_pipeline):
    data = PlainData(*folders, ("a photo of sks", "a photo"), tiny_pipeline.tokenizer, 16)
    assert len(data) == 4
    for i, grey in enumerate((0, 50, 100, 0)):
        reference, ids, prior, prior_ids = data[i]
        assert reference.shape == prior.shape == (3, 16, 16)
        assert torch.allclose(reference, torch.tensor(grey / 127.5 - 1))
        assert torch.allclose(prior, torch.tensor(150 / 127.5 - 1))
        assert ids.shape == (1, 24) and not torch.equal(ids, prior_ids)


def test_a_batch_has_references_first(folders, tiny_pipeline):
    data = PlainData(*folders, ("a photo of sks", "a photo"), tiny_pipeline.tokenizer, 16)
    pixels, ids = join_halves([data[0], data[1]])
    assert torch.allclose(pixels[:, 0, 0, 0], torch.tensor([0, 50, 150, 150]) / 127.5 - 1)
    assert torch.equal(ids[0], ids[1]) and torch.equal(ids[2], ids[3]) and not torch.equal(ids[0], ids[2])


@pytest.mark.parametrize("text", [False, True])
def test_only_adapters_are_trained(folders, tiny_pipeline, text):
    before = {name: value.clone() for name, value in tiny_pipeline.unet.state_dict().items()}
    recipe = PlainRecipe(tiny_pipeline, *folders, replace(CONFIG, train_text_encoder=text), 16)
    names = [name for name, p in recipe.unet.named_parameters() if p.requires_grad]
    assert names and all("lora" in name for name in names)
    assert any(p.requires_grad for p in recipe.text.parameters()) == text
    trained = [p.detach().clone() for p in recipe.trained]
    for _ in range(2):
        assert np.isfinite(recipe.step())
    changed = [not torch.equal(a, b) for a, b in zip(trained, recipe.trained, strict=True)]
    assert all(changed)
    after = tiny_pipeline.unet.state_dict()
    assert before.keys() == after.keys() and all(torch.equal(before[k], after[k]) for k in before)


def test_a_side_counts_the_steps_after_the_first(folders, tiny_pipeline, monkeypatch):
    recipe = PlainRecipe(tiny_pipeline, *folders, CONFIG, 16)
    assert recipe.side(2)(0) > 0
    assert list(recipe.parts) == PARTS
    clock = iter(range(100))
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    recipe.side(2)(1)
    assert set(recipe.parts.values()) == {2}  # a tick for each part of each of two steps, none of the first


def test_shares_and_the_ceiling():
    shares = part_shares(dict(a=dict(zip(PARTS, (1.0, 2.0, 1.0, 5.0, 1.0), strict=True))))
    assert shares.a[PARTS].tolist() == [0.1, 0.2, 0.1, 0.5, 0.1]
    assert shares.a["ceiling of the ratio"] == pytest.approx(10 / 6)
