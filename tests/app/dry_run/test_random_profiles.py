"A profile of random checkpoints: made once, always the same, and enough for references and a study."

from pathlib import Path

import pytest

from spurious_core.app.dry_run.random_profiles import make_random_profile
from spurious_core.core.files import checkpoint_hash
from spurious_core.core.settings import load_profile
from spurious_core.papers.class_wise.kit import load_kit
from spurious_core.papers.class_wise.target import find_target

FEW = dict(n_train=8, n_refs=5, n_candidates=10, n_bank=2)
CHECKPOINTS = ("pipeline", "tiny_decoder", "guide", "presence")


@pytest.fixture(scope="module")
def profile(tmp_path_factory):
    return make_random_profile(tmp_path_factory.mktemp("random") / "tiny")


@pytest.fixture(scope="module")
def kit(profile):
    return load_kit(profile)


def test_a_profile_is_made_once(profile):
    folder = Path(profile.rpartition(":")[0]).parent
    times = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    assert make_random_profile(folder) == profile
    assert {path: path.stat().st_mtime_ns for path in times} == times


def test_a_profile_is_the_same_elsewhere(profile, tmp_path):
    here, there = load_profile(profile), load_profile(make_random_profile(tmp_path / "again"))
    for field in CHECKPOINTS:
        assert checkpoint_hash(getattr(here, field)) == checkpoint_hash(getattr(there, field))


def test_classifiers_differ(profile):
    p = load_profile(profile)
    assert len({checkpoint_hash(source) for source in (p.guide, p.null_guide, *p.jury)}) == 4


def test_the_whole_profile_is_added_to_the_plain_one(tmp_path):
    plain = make_random_profile(tmp_path)
    whole = make_random_profile(tmp_path, whole=True)
    assert whole == f"{plain}_whole"
    a, b = load_profile(plain), load_profile(whole)
    assert (a.pipeline, a.tiny_decoder) == (b.pipeline, b.tiny_decoder)
    assert a.guide != b.guide
    assert b.language_model == "grammar"
    assert make_random_profile(tmp_path) == plain


def test_bad_sizes_and_folders_are_refused(profile, tmp_path):
    with pytest.raises(ValueError, match="size='huge' is unknown; allowed: tiny, sd15, small"):
        make_random_profile(tmp_path, "huge")
    folder = Path(profile.rpartition(":")[0]).parent
    with pytest.raises(ValueError, match="is of another size: it has random_tiny"):
        make_random_profile(folder, "small")


def test_references_are_made_up_only_on_request(kit):
    with pytest.raises(
        ValueError, match=r"the guide takes only \d+ of \d+ object-free candidates for the class"
    ):
        find_target(kit, "landbird", **FEW)
    with pytest.raises(ValueError, match="the guide takes only"):
        find_target(kit, "landbird", **FEW | dict(n_refs=40), require_fooled=False)


def test_the_likeliest_candidates_make_up_the_number(kit):
    with pytest.warns(UserWarning, match="likeliest candidates make up the number"):
        target = find_target(kit, "landbird", **FEW, require_fooled=False)
    assert len(target.references) == len(target.captions) == 5
    probabilities = kit.guide.probs(target.references)
    answers = probabilities.argmax(1)
    fooled = int((answers == target.y).sum())
    assert (answers[fooled:] != target.y).all()  # those that fool it come first
    rest = probabilities[fooled:, target.y]
    assert (rest.diff() <= 0).all()
