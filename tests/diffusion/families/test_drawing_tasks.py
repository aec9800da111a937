"What a family is given to draw."

import pytest
import torch

from spurious_core.diffusion.families.drawing_tasks import DrawingTask, Start, put_back


def task(source="img2img", steps=10, strength=1.0):
    return DrawingTask(source, Start(torch.zeros(1)), {}, {}, None, steps, 3.0, [], strength)


@pytest.mark.parametrize(
    "source, strength, from_noise",
    [("text2img", 1.0, True), ("inpaint", 1.0, True), ("inpaint", 0.9, False), ("img2img", 1.0, False)],
)
def test_which_rows_begin_at_noise(source, strength, from_noise):
    assert task(source, strength=strength).from_noise is from_noise


def test_a_strength_without_a_step_is_as_much_as_one_takes():
    assert task(strength=0.5).some_strength == 0.5
    assert int(task(strength=0.01).some_strength * 10) == 1
    assert task(steps=1, strength=0.01).some_strength == 1


def test_what_is_known_is_put_back_noisy_and_at_the_end_clean():
    mask = torch.tensor([[[[0.0, 1.0]]]])
    start = Start(torch.zeros(1, 2, 1, 2), torch.full((1, 2, 1, 2), 5.0), mask)
    levels = [start.known + 3, None]
    callback = put_back(start, lambda task, step: levels[step], pack=lambda latents: latents.flatten(1))
    for step, known in enumerate((8, 5)):
        latents = callback(None, step, None, dict(latents=torch.ones(1, 4)))["latents"]
        assert latents.tolist() == [[known, 1, known, 1]]
