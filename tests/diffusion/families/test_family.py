"What every family of models must do, asked of each in the same way."

import inspect
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from diffusers import DiffusionPipeline, EulerDiscreteScheduler, FlowMatchEulerDiscreteScheduler
from peft import LoraConfig, inject_adapter_in_model, set_peft_model_state_dict
from PIL import Image
from safetensors.torch import load_file, save_file

from spurious_core.core.accelerators import accelerator
from spurious_core.core.files import digest
from spurious_core.core.seeds import generator
from spurious_core.diffusion.adapters import LORA, use_adapter
from spurious_core.diffusion.families.family import stack
from spurious_core.diffusion.families.noise_schedules import NoiseSchedule, predict_x0
from spurious_core.diffusion.families.registry import family_of
from spurious_core.diffusion.generating import generate
from spurious_core.diffusion.memory.rehearsal import rehearse
from spurious_core.diffusion.memory.shapes import pipeline_of_shapes
from spurious_core.diffusion.plans import plan_prompts
from spurious_core.diffusion.references import bucket_sizes, load_in_buckets
from spurious_core.diffusion.sampling import PromptCache, sample_images
from spurious_core.diffusion.starts import picture_side
from spurious_core.diffusion.training.caches import latent_moments
from spurious_core.diffusion.training.config import PersonalizeConfig
from spurious_core.diffusion.training.personalizing import personalize
from spurious_core.diffusion.training.steps import TrainingPictures, TrainingStep
from spurious_core.diffusion.training.trainable import frozen, make_trainable, save_adapter
from spurious_core.models.pipelines import load_pipeline
from support.drawing import close, difference
from support.families import BUILDERS

FAST = dict(steps=3, progress=False)
RECIPE = PersonalizeConfig(
    "a photo of sks", rank=2, lora_alpha=5.0, lr=5e-2, steps=2, batch_size=2, image_loss_weight=1e4, seed=3
)

SHORT = dict(sana=1e-3)  # steps between the kinks of a network that is rectified everywhere


# Two differ from another of their family by a few settings only; they are slow.
VARIANTS = "sd2", "sd35"


@pytest.fixture(
    scope="module",
    params=[pytest.param(kind, marks=[pytest.mark.slow] * (kind in VARIANTS)) for kind in BUILDERS],
)
def folder(request, tmp_path_factory):
    return BUILDERS[request.param][1](tmp_path_factory.mktemp("family") / request.param)


@pytest.fixture(scope="module")
def pipe(folder):
    pipe = load_pipeline(folder)
    pipe.set_progress_bar_config(disable=True)
    return pipe


@pytest.fixture(scope="module")
def family(pipe):
    return family_of(pipe)


@pytest.fixture
def plan():
    return plan_prompts(["a photo of a boat", "snow and much more of it"], 2, seed=1)


def pictures(pipe, n, seed=0):
    side = picture_side(pipe)
    return np.random.default_rng(seed).integers(0, 256, (n, side, side, 3), np.uint8)


def leftwards(x0_image, batch, sigma):
    "Brighter on the left, which a random decoder can draw."
    half = x0_image.shape[-1] // 2
    return (x0_image[..., half:] - x0_image[..., :half]).mean((1, 2, 3))


def sample_images_with(pipe, adapter):
    with use_adapter(pipe, adapter) as adapted:
        return sample_images(adapted, plan_prompts("a boat", 1), **FAST)


def test_a_folder_says_which_family_it_is(folder, family, request):
    assert family_of(folder).name == family.name
    assert family.name in {name for name, _ in BUILDERS.values()}
    assert DiffusionPipeline.load_config(folder)["_class_name"] in family.pipelines


def variants(pipe, family, plan):
    "The plan as every kind of row that the family draws."
    side = picture_side(pipe)
    mask = np.zeros((side, side), np.uint8)
    mask[:, side // 2 :] = 255
    edit = plan.assign(init_image=list(pictures(pipe, len(plan))), strength=0.7)
    yield plan
    if "img2img" in family.sources:
        yield edit
    if "inpaint" in family.sources:
        yield edit.assign(mask=[mask] * len(plan))


def test_a_row_does_not_depend_on_its_company(pipe, family, plan):
    for rows in variants(pipe, family, plan):
        together = sample_images(pipe, rows, **FAST)
        assert close(together[1:2], sample_images(pipe, rows[1:2], **FAST))
        assert close(together, sample_images(pipe, rows[::-1], batch_size=3, **FAST)[::-1])
        assert (together == sample_images(pipe, rows, **FAST)).all()  # nothing is left of the last call
        assert not close(together[0], together[1])


@pytest.mark.slow
def test_a_denoiser_in_half_precision_draws_nearly_the_same(pipe, family, plan):
    "Beside text encoders and an autoencoder in single precision."
    half = family.working_copy(pipe)
    family.denoiser(half).to(torch.bfloat16)
    for rows in variants(pipe, family, plan[1:3]):
        apart = difference(*(sample_images(one, rows, **FAST) for one in (half, pipe)))
        assert 0 < apart.mean() < 3 and np.quantile(apart, 0.99) < 20


@pytest.mark.parametrize("guidance", [1.0, 3.0])
def test_it_draws_what_plain_diffusers_draws(pipe, family, folder, plan, guidance):
    "From the prompt itself, without our cache, noise or sampler's name."
    plain = load_pipeline(folder)
    plain.scheduler = next(iter(family.samplers.values()))(plain.scheduler.config)
    seed, prompt = int(plan.seed[0]), str(plan.prompt[0])
    settings = dict(
        num_inference_steps=3, **family.guidance_of(plain, guidance), **family.call_options(plain)
    )
    side = picture_side(pipe)
    theirs = plain(prompt=prompt, height=side, width=side, generator=[generator(seed)], **settings).images[0]
    assert close(sample_images(pipe, plan[:1], guidance=guidance, **FAST)[0], theirs)


def one_level(scheduler, prediction):
    "The schedule of the last of a scheduler's steps alone, and what latents are multiplied by before it."
    sigma, time = scheduler.sigmas[-2:-1].float(), scheduler.timesteps[-1:]
    if isinstance(scheduler, FlowMatchEulerDiscreteScheduler):
        return NoiseSchedule(1 - sigma, sigma, time, prediction), 1.0
    signal = 1 / (1 + sigma.square()).sqrt()
    return NoiseSchedule(signal, sigma * signal, time, prediction), signal.item()


def test_the_estimate_is_where_the_last_step_ends(pipe, family, folder, plan):
    plain = load_pipeline(folder)
    is_flow = family.schedule(pipe).prediction == "flow_prediction"
    kind = FlowMatchEulerDiscreteScheduler if is_flow else EulerDiscreteScheduler
    plain.scheduler = kind.from_config(plain.scheduler.config)
    seen = []

    def note(task, step, time, tensors):
        seen.append(tensors["latents"].clone())
        return {}

    prompt, side = str(plan.prompt[0]), picture_side(pipe)
    how = dict(num_inference_steps=3, height=side, width=side, generator=[generator(0)])
    how |= family.guidance_of(plain, 1.0) | family.call_options(plain)
    newer = "callback_on_step_end" in inspect.signature(plain.__call__).parameters
    watched = (
        dict(callback_on_step_end=note) if newer else dict(callback=lambda *s: seen.append(s[2].clone()))
    )
    plain(prompt=prompt, output_type="latent", **watched, **how)
    schedule, scale = one_level(plain.scheduler, family.schedule(pipe).prediction)
    noisy = family.unpack(plain, seen[-2], side) * scale
    with torch.no_grad():
        conditions = stack(family.conditions(plain, [prompt]))
        output = family.predict(plain, noisy, schedule.times, conditions)
    estimate = predict_x0(schedule, output, noisy, torch.tensor([0]))
    assert torch.allclose(estimate, family.unpack(plain, seen[-1], side), atol=1e-4)


def test_latents_become_the_pipelines_own_picture_and_pass_gradients_back(pipe, family):
    side = picture_side(pipe)
    latents = torch.randn(2, *family.latent_shape(pipe, side), generator=generator(0)).requires_grad_(True)
    images = family.from_latents(pipe, latents)
    assert images.shape == (2, 3, side, side)
    (gradient,) = torch.autograd.grad(images.sum(), latents)
    assert gradient.abs().amax((1, 2, 3)).min() > 0
    alone = family.from_latents(pipe, latents[1:])
    assert torch.allclose(images[1:], alone, atol=1e-4)


def test_pictures_become_latents_as_the_network_sees_them(pipe, family):
    "Encoded and decoded by the pipeline's own autoencoder, and scaled both ways, mean latents are the same."
    mean, std = latent_moments(pipe, pictures(pipe, 3), batch=2)
    assert mean.shape == std.shape == (3, *family.latent_shape(pipe, picture_side(pipe)))
    together = latent_moments(pipe, pictures(pipe, 3))[0]
    assert torch.allclose(mean, together, atol=1e-4)


def test_prompts_may_be_kept_and_put_together_again(pipe, family):
    cache = PromptCache(pipe)
    both = cache(["snow", "a photo of a boat", "snow"])
    alone = family.conditions(pipe, ["a photo of a boat"])[0]
    for name, values in both.items():
        assert torch.allclose(values[1], alone[name], atol=1e-4)
        assert torch.equal(values[0], values[2])
    differences = [
        not torch.equal(values[0], values[1]) for values in both.values() if values[0].is_floating_point()
    ]
    assert all(differences)


def load_plainly(plain, folder):
    "A LoRA as diffusers loads it, or peft, for a network that diffusers knows no LoRAs of."
    if hasattr(plain, "load_lora_weights"):
        plain.load_lora_weights(str(folder))
        return
    matrices = {name.removeprefix("transformer."): m for name, m in load_file(folder / LORA).items()}
    config = LoraConfig(r=RECIPE.rank, lora_alpha=RECIPE.rank, target_modules=list(RECIPE.targets))
    inject_adapter_in_model(config, plain.transformer)
    loaded = set_peft_model_state_dict(plain.transformer, matrices)
    assert not loaded.unexpected_keys


@pytest.mark.slow
def test_an_adapter_changes_plain_diffusers_as_it_changes_ours(pipe, family, folder, plan, tmp_path):
    out = personalize(
        pipe, pictures(pipe, 4), replace(RECIPE, image_loss_weight=0.0), tmp_path, progress=False
    )
    with use_adapter(pipe, out) as adapted:
        ours = sample_images(adapted, plan, **FAST)
    assert not close(ours, sample_images(pipe, plan, **FAST))
    plain = load_pipeline(folder)
    load_plainly(plain, out)
    assert close(ours, sample_images(plain, plan, **FAST))


def test_what_was_trained_is_what_plain_diffusers_loads(pipe, family, folder, plan, tmp_path):
    "Every matrix of every network that learns, with its scale."
    copied = family.working_copy(pipe)
    recipe = replace(RECIPE, train_text_encoder=bool(family.learning_text))
    params = make_trainable(copied, recipe)
    with torch.no_grad():
        for parameter in params.values():
            parameter += 0.1 * torch.randn(parameter.shape, generator=generator(len(parameter)))
    save_adapter(copied, params, recipe, tmp_path)
    plain = load_pipeline(folder)
    load_plainly(plain, tmp_path)
    parts = [family.denoiser(plain), *family.text_parts(plain).values()]
    loaded = [name for part in parts for name, _ in part.named_parameters() if ".lora_" in name]
    assert len(loaded) == len(params)
    ours = sample_images(copied, plan, **FAST)
    assert close(ours, sample_images(plain, plan, **FAST))
    assert not close(ours, sample_images(pipe, plan, **FAST))


def image_term(pipe, params):
    "The image loss of one batch with fixed noise, as a function of the parameters."
    config = replace(RECIPE, gated_share=1.0)
    sets = [TrainingPictures(*latent_moments(pipe, pictures(pipe, 4)), [config.instance_prompt] * 4)]
    step = TrainingStep(pipe, config, sets, accelerator(torch.device("cpu")), image_loss=leftwards)
    (batch,), n_gated = step.draw(0)

    def value():
        noisy, output = step.predict(batch)
        return step.image_term(0, batch, noisy, output, n_gated)

    return value


def move(params, gradients, length):
    "Moves parameters along their gradients, by so much in all."
    norm = torch.cat([gradient.flatten() for gradient in gradients]).norm()
    with torch.no_grad():
        for parameter, gradient in zip(params, gradients, strict=True):
            parameter += length / norm * gradient


def test_the_image_loss_sends_its_true_gradient_into_the_adapter(folder):
    "Along the gradient, finite differences of the loss are its norm; and ten steps lower it on fixed noise."
    torch.manual_seed(0)
    pipe = load_pipeline(folder)
    params = list(make_trainable(pipe, RECIPE).values())
    with frozen(pipe.vae):
        value = image_term(pipe, params)
        for _ in range(3):  # away from where a LoRA begins, and half of its gradients are zero
            move(params, torch.autograd.grad(value(), params), 0.3)
        gradients = torch.autograd.grad(value(), params)
        norm = torch.cat([gradient.flatten() for gradient in gradients]).norm().item()
        length, values = SHORT.get(folder.name, 2e-3), []
        for step in (length, -2 * length):
            move(params, gradients, step)
            values.append(value().item())
        move(params, gradients, length)
        assert (values[0] - values[1]) / (2 * length) == pytest.approx(norm, rel=0.01)
        before = value().item()
        for _ in range(10):
            move(params, torch.autograd.grad(value(), params), -0.02)
        assert value().item() < before


def test_what_is_lacking_or_does_not_fit_is_said_before_anything_is_drawn(pipe, family, plan):
    others = [FlowMatchEulerDiscreteScheduler(), EulerDiscreteScheduler()]
    of_flow = family.schedule(pipe).prediction == "flow_prediction"
    wrong = family.with_parts(pipe)
    wrong.scheduler = others[1] if of_flow else others[0]
    with pytest.raises(ValueError, match="a scheduler of .* models .* does not fit a network that learned"):
        sample_images(wrong, plan, **FAST)
    wrong = family.with_parts(pipe)
    wrong.vae = None
    with pytest.raises(ValueError, match=f"{type(pipe).__name__} has no vae"):
        sample_images(wrong, plan, **FAST)


def test_a_lora_that_lost_a_matrix_is_refused(pipe, family, tmp_path):
    out = personalize(
        pipe, pictures(pipe, 4), replace(RECIPE, steps=1, image_loss_weight=0.0), tmp_path, progress=False
    )
    weights = load_file(out / LORA)
    lost = next(iter(weights))
    save_file({name: value for name, value in weights.items() if name != lost}, out / LORA)
    with pytest.raises(ValueError, match=f"{LORA} is damaged: of .* it has the matrix (up|down) alone"):
        with use_adapter(pipe, out):
            pass


@pytest.mark.parametrize("kind", BUILDERS)
def test_what_a_pipeline_lacks_is_named_before_anything_is_done(kind, tmp_path):
    pipe = pipeline_of_shapes(BUILDERS[kind][1](tmp_path / kind))
    family = family_of(pipe)
    family.check_parts(pipe)
    needed = [name for name in family.text_names if name not in family.may_lack]
    for name in (
        family.denoiser_name,
        "vae",
        "scheduler",
        *needed,
        needed[-1].replace("text_encoder", "tokenizer"),
    ):
        kept = getattr(pipe, name)
        pipe.register_modules(**{name: None})
        with pytest.raises(ValueError, match=f"Pipeline has no {name}"):
            family.check_parts(pipe)
        with pytest.raises(ValueError, match=f"Pipeline has no {name}"):
            personalize(pipe, np.zeros((3, 16, 16, 3), np.uint8), PersonalizeConfig(), tmp_path / "run")
        pipe.register_modules(**{name: kept})
    for name in family.may_lack:
        pipe.register_modules(**{name: None})
        family.check_parts(pipe)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("kind", BUILDERS)
def test_a_size_that_cannot_be_drawn_is_named_before_anything_is_done(kind, tmp_path):
    pipe = pipeline_of_shapes(BUILDERS[kind][1](tmp_path / kind))
    family = family_of(pipe)
    part, fits = family.sized_part(pipe), family.sized_part(pipe).config.sample_size
    pixels = family.picture_side(pipe) // fits
    step, sizes = family.latent_step(pipe), f"sample_size of {type(part).__name__}"
    wrong = {
        None: f"{sizes}=None must be a whole number",
        (fits, fits): f"{sizes}=.*, .* must be a whole number",
        0: f"{sizes}=0 must be at least 1",
    }
    if pixels % step:  # else every whole number fits
        wrong[1] = f"{sizes} is 1: pictures of {pixels} pixels, where multiples of {step} are needed"
    for size, message in wrong.items():
        part.register_to_config(sample_size=size)
        with pytest.raises(ValueError, match=message):
            sample_images(pipe, plan_prompts("a boat", 1), **FAST)
        with pytest.raises(ValueError, match=message):
            personalize(pipe, np.zeros((3, 16, 16, 3), np.uint8), PersonalizeConfig(), tmp_path / "run")
        with pytest.raises(ValueError, match=message):
            rehearse(pipe, PersonalizeConfig())
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("kind", BUILDERS)
def test_what_is_wrong_with_a_folder_is_said_as_of_a_pipeline(kind, tmp_path):
    folder = BUILDERS[kind][1](tmp_path / kind)
    whole = pipeline_of_shapes(folder)
    family, index = family_of(whole), folder / "model_index.json"
    part = next(name for name, each in whole.components.items() if each is family.sized_part(whole))
    config, parts = folder / part / "config.json", index.read_text()
    settings, fits = config.read_text(), family.sized_part(whole).config.sample_size
    pixels = family.picture_side(whole) // fits
    odd = fits + 1 if (fits + 1) * pixels % family.latent_step(whole) else fits + 0.5
    for changed, text, message in (
        (config, json.dumps(json.loads(settings) | dict(sample_size=odd)), "sample_size of"),
        (index, json.dumps(json.loads(parts) | dict(vae=[None, None])), "has no vae"),
    ):
        changed.write_text(text)
        for train in (personalize, rehearse):
            given = () if train is rehearse else (np.zeros((3, 16, 16, 3), np.uint8),)
            rest = () if train is rehearse else (tmp_path / "run",)
            with pytest.raises(ValueError, match=message):
                train(folder, *given, PersonalizeConfig(), *rest)
        config.write_text(settings)
        index.write_text(parts)
    assert not (tmp_path / "run").exists()


def test_a_copy_knows_where_it_came_from(pipe, family, folder):
    assert family.with_parts(pipe).config["_name_or_path"] == str(folder)
    assert family.working_copy(pipe).config["_name_or_path"] == str(folder)


def test_pictures_may_keep_their_proportions(pipe, family, tmp_path):
    "Rows of several sizes are learned from in one batch, beside square class images."
    side = picture_side(pipe)
    shapes = [(2 * side, side), (side, 2 * side), (2 * side, 2 * side)]
    folder = tmp_path / "references"
    folder.mkdir()
    for i, (width, height) in enumerate(shapes):
        grey = np.random.default_rng(i).integers(0, 256, (height, width, 3), np.uint8)
        Image.fromarray(grey).save(folder / f"{i}.png")
    prior = dict(class_prompt="a photo", prior_images=2, prior_steps=2)
    recipe = replace(RECIPE, batch_size=3, steps=2, aspect_ratios=True, **prior)
    out = personalize(pipe, folder, recipe, tmp_path / "run", image_loss=leftwards, progress=False)
    rows = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    assert len(rows) == 2 and all(np.isfinite(row["loss"]) for row in rows)
    sizes = bucket_sizes(side, family.latent_step(pipe), family.largest_side(pipe))
    kept = json.loads((out / "config.json").read_text())["references"]
    wanted = [
        f"{image.shape[1]}x{image.shape[0]} {digest(image)}" for image in load_in_buckets(folder, sizes)
    ]
    assert kept == wanted and len({size.split()[0] for size in kept}) == (3 if len(sizes) > 2 else 1)


def test_rows_that_cannot_be_drawn_are_named_before_others_are_drawn(pipe, family, tmp_path):
    good = plan_prompts("a boat", 3)
    if "instruct" in family.sources:
        bad = good.assign(init_image=[None, None, pictures(pipe, 1)[0]], image_guidance=[None, None, 1.5])
    else:
        bad = good.assign(guidance=[3.0, 3.0, -1.0])
    for row, message in (
        (bad, "row 2 of the plan"),
        (good.assign(prompt=["a", "b", " "]), "row 2 .* prompt=' '"),
    ):
        with pytest.raises(ValueError, match=message):
            generate(pipe, row, tmp_path / "set", steps=2, progress=False)
    assert not (tmp_path / "set").exists()


def test_an_adapter_of_another_family_is_refused_by_what_it_says(pipe, family, tmp_path):
    kind = next(kind for kind, (name, _) in BUILDERS.items() if name != family.name)
    other = BUILDERS[kind][1](tmp_path / kind)
    theirs = BUILDERS[kind][0]
    with pytest.raises(ValueError, match=f"is of {theirs} .*, and this pipeline is of {family.name}"):
        sample_images_with(pipe, other)
    recipe = replace(RECIPE, steps=1, image_loss_weight=0.0)
    out = personalize(pipe, pictures(pipe, 4), recipe, tmp_path / "run", progress=False)
    weights = load_file(out / LORA)
    save_file(weights, out / LORA, dict(base_model_class=family_of(other).pipelines[0]))
    with pytest.raises(ValueError, match=f"{LORA} is of {theirs} .*, and this pipeline is of {family.name}"):
        sample_images_with(pipe, out)
