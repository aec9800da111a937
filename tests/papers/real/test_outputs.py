"Features of pictures on disk are computed once, and again when anything differs."

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from spurious_core.core.settings import load_profile
from spurious_core.models.preprocessing import Preprocess
from spurious_core.papers.real.outputs import cached_features, load_networks, logits_of, whole_squares
from support.networks import small_classifier
from support.real_pictures import need_real


@pytest.fixture
def paths(tmp_path):
    rng, paths = np.random.default_rng(0), []
    for i in range(5):
        path = tmp_path / f"{i}.png"
        Image.fromarray(rng.integers(0, 256, (90, 70, 3), np.uint8)).save(path)
        paths.append(str(path))
    return paths


@pytest.fixture
def clf():
    return small_classifier(preprocess=Preprocess(80, 64))


def test_logits_are_the_networks_and_its_preprocessing_stays(clf, paths, tmp_path):
    features = cached_features(clf, paths, tmp_path / "f", "five")
    squares = np.stack([np.asarray(Image.open(path)) for path in paths])
    assert clf.preprocess == Preprocess(80, 64)
    near = clf.batched(clf, squares[:, 10:80])  # its own centre square, resized once instead of twice
    assert torch.corrcoef(torch.stack([logits_of(clf, features).flatten(), near.flatten()]))[0, 1] > 0.9


def test_the_file_serves_the_same_question_only(clf, paths, tmp_path):
    asked = []
    whole = clf.features
    clf.features = lambda x: asked.append(len(x)) or whole(x)
    first = cached_features(clf, paths, tmp_path, "five")
    torch.testing.assert_close(cached_features(clf, paths, tmp_path, "five"), first)
    assert sum(asked) == 5
    cached_features(clf, paths[:3], tmp_path, "five")
    cached_features(clf, paths[:3], tmp_path, "five", whole=True)
    assert sum(asked) == 11


def test_other_pixels_under_the_same_name_are_another_question(clf, paths, tmp_path):
    first = cached_features(clf, paths, tmp_path / "f", "five")
    Path(paths[2]).write_bytes(Path(paths[0]).read_bytes())  # overwritten
    again = cached_features(clf, paths, tmp_path / "f", "five")
    torch.testing.assert_close(again, first[[0, 1, 0, 3, 4]])
    elsewhere = [tmp_path / folder / "here/it/is/0.png" for folder in "ab"]
    for path, source in zip(elsewhere, (paths[1], paths[3]), strict=True):
        path.parent.mkdir(parents=True)
        path.write_bytes(Path(source).read_bytes())
    for path, row in zip(elsewhere, (1, 3), strict=True):
        torch.testing.assert_close(cached_features(clf, [path], tmp_path / "f", "one"), first[[row]])


def test_other_weights_of_the_same_name_are_another_question(clf, paths, tmp_path):
    first = cached_features(clf, paths, tmp_path / "f", "five")
    with torch.no_grad():
        next(clf.net.parameters()).mul_(2)
    again = cached_features(clf, paths, tmp_path / "f", "five")
    assert not torch.allclose(again, first)


def test_a_damaged_file_is_computed_anew(clf, paths, tmp_path):
    first = cached_features(clf, paths, tmp_path, "five")
    (tmp_path / f"five.{clf.name}.safetensors").write_bytes(b"cut")
    with pytest.warns(UserWarning, match="as good as missing"):
        torch.testing.assert_close(cached_features(clf, paths, tmp_path, "five"), first)


def test_squares_are_shown_whole(clf):
    assert whole_squares(clf) == Preprocess((64, 64))
    clf.preprocess = Preprocess((64, 64))
    assert whole_squares(clf) == Preprocess((64, 64))


def test_the_networks_of_the_profile_agree_on_their_labels():
    need_real("classifiers")
    networks = load_networks(load_profile("real"))
    assert [net.name for net in networks][:3] == ["efficientnet_lite0", "mobilenet_v2", "mobilenet_v2_second"]
    assert len({tuple(net.labels) for net in networks}) == 1
    assert {net.preprocess.mean for net in networks} == {(0.5, 0.5, 0.5)}
