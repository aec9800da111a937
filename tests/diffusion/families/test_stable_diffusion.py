"What is Stable Diffusion's own; what every family must do is in `test_family`."

import pytest
import torch

from spurious_core.diffusion.families.registry import family_of
from spurious_core.diffusion.families.stable_diffusion import StableDiffusion


def test_versions_differ_by_what_they_predict(tiny_pipeline):
    family = family_of(tiny_pipeline)
    assert isinstance(family, StableDiffusion)
    assert family.schedule(tiny_pipeline).prediction == "epsilon"
    tiny_pipeline.scheduler.register_to_config(prediction_type="v_prediction")
    assert family.schedule(tiny_pipeline).prediction == "v_prediction"
    tiny_pipeline.scheduler.register_to_config(prediction_type="flow_prediction")
    with pytest.raises(ValueError, match="prediction_type='flow_prediction' is unknown; allowed: epsilon"):
        family.schedule(tiny_pipeline)


def test_a_prompt_is_what_the_text_encoder_says(tiny_pipeline):
    row = family_of(tiny_pipeline).conditions(tiny_pipeline, ["snow"])[0]
    ids = tiny_pipeline.tokenizer("snow", padding="max_length", return_tensors="pt").input_ids
    assert torch.equal(row["prompt_embeds"], tiny_pipeline.text_encoder(ids)[0][0])


def test_a_copy_has_its_own_networks_that_learn(tiny_pipeline):
    family = family_of(tiny_pipeline)
    copied = family.working_copy(tiny_pipeline)
    for name in ("unet", "text_encoder", "tokenizer"):
        assert getattr(copied, name) is not getattr(tiny_pipeline, name)
    assert copied.vae is tiny_pipeline.vae
    assert family.networks(copied) == [copied.unet, copied.text_encoder, copied.vae]
    assert family.latent_step(copied) == 8  # of which diffusers wants multiples
