"A folder of your own pictures in place of a world: what is read and found, and what is said of doubts."

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from spurious_core.find.neural_pca import fit_neural_pca
from spurious_core.papers.class_wise.own_folder import (
    find_components,
    held_out_images,
    own_target,
    read_target_folder,
    real_images,
)
from spurious_core.papers.class_wise.target import INSTANCE_PROMPT, without_placeholder
from support.own_pictures import put_pictures
from support.small_guide import features, small_guide


def test_the_planted_component_is_found_in_files(target, planted):
    assert target.components == planted.components
    assert target.y == planted.y
    assert target.table.feature.eq("references").all()


def test_three_quarters_are_for_training_and_the_rest_is_kept_back(target, kit):
    assert len(target.train) == target.pca.n_images == 120
    assert len(target.held_out) == 40
    assert target.references.shape == (8, 64, 64, 3)
    train, held_out = ({image.tobytes() for image in part} for part in (target.train, target.held_out))
    assert not train & held_out
    assert len(own_target(kit, "landbird", 40).train) == 40


def test_real_pictures_are_the_fresh_and_then_the_empty_ones(target, kit):
    assert len(target.real) == 70
    assert (target.real[40:] == target.object_free).all()
    assert len(real_images(kit, target, 50)) == 50
    assert len(held_out_images(kit, target, 20)) == 20


def test_prompts_are_the_distinct_captions(target):
    places = ["in snow", "at night"]
    assert target.captions == [f"a photo of an empty sks scene {place}" for place in places] * 4
    assert target.prompts == target.captions[:2]
    bare = [without_placeholder(prompt) for prompt in target.prompts]
    assert bare == [f"a photo of an empty scene {place}" for place in places]


def test_without_captions_all_have_one(kit):
    with pytest.warns(UserWarning):
        house = own_target(kit, "house")
    assert house.captions == [INSTANCE_PROMPT] * 5
    assert house.prompts == [INSTANCE_PROMPT]
    assert (len(house.train), len(house.held_out), len(house.real)) == (6, 2, 5)


def test_a_folder_is_read_as_the_target_uses_it(target, kit):
    pictures = read_target_folder(kit, "landbird")
    assert (pictures.references == target.references).all()
    assert (pictures.train == target.train).all()
    assert pictures.captions == target.captions


def test_doubts_are_said_and_the_likeliest_component_serves(own_folder, kit, tmp_path):
    "Empty pictures called references fool no guide."
    birds = tmp_path / "landbird"
    birds.mkdir()
    for part in ("empty", "train"):
        (birds / part).symlink_to(own_folder / "landbird" / part)
    empty = sorted((own_folder / "landbird" / "empty").iterdir())[:6]
    put_pictures(birds / "references", [np.asarray(Image.open(p)) for p in empty], "png")
    no_component = (
        r"none of the first 3 components, of 32, tells them from the empty pictures, "
        r"and the likeliest, \d, must serve \(AUC .*"
    )
    with pytest.warns(UserWarning, match=no_component + "takes only 0 of 6 for the class"):
        target = own_target(replace(kit, folder=tmp_path), "landbird")
    assert target.components == [target.table.sort_values("effect").component.iloc[-1]]


def test_a_later_component_is_found_where_it_is_looked_at():
    clf, phi = small_guide(), features(400)
    pca = fit_neural_pca(clf, phi, 0)
    empty = phi[:50]
    sd = float((pca.eigenvectors.sum(0) ** 2 * pca.eigenvalues).sum().sqrt())
    step = pca.eigenvectors[:, 4] / pca.weight / float(pca.eigenvectors[:, 4].sum())
    references = empty + 2 * sd * step
    first, table = find_components(clf, pca, references, empty)
    assert not table.spurious.any() and max(first) < 3
    found, table = find_components(clf, pca, references, empty, top=6)
    assert found == [4] and len(table) == 6
    with pytest.raises(ValueError, match="top=0 must be at least 1"):
        find_components(clf, pca, references, empty, top=0)


@pytest.mark.parametrize(
    "part,keep,why",
    [
        ("references", 2, "references holds 2 readable images, and 3 are needed"),
        ("empty", 0, "empty holds 0 readable images, and 3 are needed"),
        ("train", 7, "train holds 7 readable images, and 8 are needed"),
    ],
)
def test_a_part_with_too_few_pictures(part, keep, why, kit, tmp_path):
    for other in ("references", "empty", "train"):
        n = keep if other == part else 9
        grey = [np.full((80, 80, 3), i, np.uint8) for i in range(n)]
        put_pictures(tmp_path / "house" / other, grey, "png")
    with pytest.raises(ValueError, match=why):
        own_target(replace(kit, folder=tmp_path), "house")


def test_only_references_must_be_large(kit, tmp_path):
    for part in ("references", "empty", "train"):
        grey = [np.full((40, 90, 3), 20 * i, np.uint8) for i in range(9)]
        put_pictures(tmp_path / "house" / part, grey, "png", (90, 40))
    with pytest.raises(ValueError, match=r"images that are too small: IMG_000.png \(90x40, needed 64x64\)"):
        own_target(replace(kit, folder=tmp_path), "house")
