"A few steps of the similarity loss: with the embedded models, and with a real guide where photographs are."

from dataclasses import replace

import numpy as np
import pytest

from spurious_core.app.dry_run.sizes import SIZES
from spurious_core.diffusion.training.caches import latent_moments
from spurious_core.papers.class_wise.example_folder import write_example_folder
from spurious_core.papers.class_wise.kit import load_kit
from spurious_core.papers.class_wise.own_folder import own_target
from spurious_core.papers.class_wise.target import loss_of
from spurious_core.papers.real.guided_steps import GuidedSteps, estimate_alpha, guided_steps
from support.guided_drill import LABEL, counts_of, guided_kit
from support.real_pictures import need_real


@pytest.mark.filterwarnings("ignore:the references")
def test_alpha_of_estimates_rises_with_the_embedded_models(tmp_path):
    folder = write_example_folder(tmp_path / "pictures", references=4, empty=12, fresh=4, train=24)
    kit = load_kit("mini", folder)
    target = own_target(kit, "house")
    taught = guided_steps(kit, target, tmp_path / "adapter")
    assert taught.is_finite and len(taught.gradients) == 10 and taught.change > 0
    assert taught.alpha_after.mean() > taught.alpha_before.mean()
    latents = latent_moments(kit.pipe, target.references[:4])[0]
    again = estimate_alpha(kit.pipe, loss_of(kit, target), latents, kit.tiny)
    assert np.allclose(again, taught.alpha_before, atol=1e-4)  # the kit's pipeline is as it was


@pytest.mark.slow
def test_alpha_of_estimates_rises_with_a_real_guide(tmp_path):
    need_real("spurious_tiles", "imagenet_mini")
    kit = guided_kit(tmp_path, replace(SIZES["small"], precision="fp32"))
    assert kit.guide.name == "efficientnet_lite0" and kit.tiny is None
    taught = guided_steps(kit, own_target(kit, LABEL), tmp_path / "adapter")
    counts = counts_of(taught)
    assert counts["finite_gradients.tench_tiles.sfsl"] == 10 and taught.change > 0
    assert counts["alpha_gain.tench_tiles.sfsl"] > 0 and counts["peak_memory_gib.tench_tiles.sfsl"] > 0


def test_a_gradient_that_is_not_finite_or_nothing_is_told():
    fine = GuidedSteps(np.zeros(2), np.ones(2), [0.1, 2.0], 0.3, 1.0)
    assert fine.is_finite
    for wrong in (float("nan"), float("inf"), 0.0):
        assert not replace(fine, gradients=[0.1, wrong]).is_finite
