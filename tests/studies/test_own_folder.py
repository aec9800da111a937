"Three studies take a folder of your own pictures: bad ones are refused first, and no observer is needed."

import pytest

from spurious_core.app.dry_run.random_profiles import make_random_profile
from spurious_core.app.metrics import Metrics
from spurious_core.diffusion.image_sets import load_image_set
from spurious_core.papers.class_wise.kit import load_kit
from spurious_core.papers.class_wise.target import find_target
from support.own_pictures import write_own_folder
from support.study_cells import run_cells


@pytest.fixture(scope="module")
def own_folder(tmp_path_factory):
    kit = load_kit("mini")
    target = find_target(kit, "landbird", n_train=160, n_refs=8)
    return write_own_folder(tmp_path_factory.mktemp("own"), kit.world, target)


def set_up(study, **parameters):
    "Runs a study's cells, up to the one that loads the kit and chooses the classes."
    run_cells(study, ("kit.choose(", "load_kit(profile, folder)"), budget="dry", **parameters)


@pytest.mark.parametrize("study", ["class_wise_spurious_generation", "similarity_loss_forms", "speed"])
def test_studies_refuse_a_bad_folder_before_anything_is_drawn(study, own_folder, tmp_path):
    with pytest.raises(ValueError, match="is the folder of one class"):
        set_up(study, folder=str(own_folder / "house"), out=str(tmp_path))
    if study != "speed":
        with pytest.raises(ValueError, match="unknown class 'cow'; known: house, landbird"):
            set_up(study, folder=str(own_folder), classes=["cow"], out=str(tmp_path))
    assert not list(tmp_path.glob("prior/*.png"))


@pytest.fixture(scope="module")
def unobserved_run(own_folder, tmp_path_factory):
    """The class-wise study on random checkpoints, without anything that sees the object.

    Of its two classes one has enough real pictures to measure copies by, and one has not."""
    tmp_path = tmp_path_factory.mktemp("unobserved")
    profile = make_random_profile(tmp_path / "random")
    with pytest.MonkeyPatch.context() as patch:
        for field in ("PRESENCE", "SCENE", "WORLD", "NULL_GUIDE"):
            patch.setenv(f"SPURIOUS_{field}", "")
        parameters = dict(
            profile=profile,
            budget="dry",
            folder=str(own_folder),
            classes=["house", "landbird"],
        )
        out = tmp_path / "run"
        run_cells("class_wise_spurious_generation", out=str(out), **parameters)
        return out


@pytest.mark.slow
def test_a_run_without_observers_reports_what_the_jury_says(unobserved_run):
    assert {
        "all_of_jury.own.sfsl",
        "juror_rate.own.base",
        "all_of_jury.own.sfsl_minus_dreambooth",
        "all_of_jury.own_house.references",
        "diversity.sfsl.landbird",
        "spurious_auc.own.sfsl",
        "pca.spurious_in_top3",
    } <= set(Metrics.load(unobserved_run))


@pytest.mark.slow
def test_a_run_without_observers_reports_nothing_that_needs_one(unobserved_run):
    gated = ("consistency", "hit", "object_absent", "in_distribution", "memorised")
    planted = ("pca.planted", "pca.null", "diversity.ideal", "scene_")
    assert not [name for name in Metrics.load(unobserved_run) if name.startswith(gated + planted)]


@pytest.mark.slow
def test_a_run_without_observers_leaves_its_figures(unobserved_run):
    assert {p.name for p in (unobserved_run / "figures").glob("*.png")} == {
        "component_house.png",
        "component_landbird.png",
        "arms_house.png",
        "arms_landbird.png",
        "differences.png",
        "jury.png",
    }


@pytest.mark.slow
def test_a_caption_reaches_the_drawn_pictures(unobserved_run):
    drawn = load_image_set(unobserved_run / "runs/landbird-0/sfsl/images")
    assert {prompt.partition("sks scene ")[2] for prompt in drawn.prompt} == {"in snow", "at night"}
    base = load_image_set(unobserved_run / "runs/landbird-0/base/images")
    assert "sks" not in "".join(base.prompt)
