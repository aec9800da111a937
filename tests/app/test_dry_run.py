"The path of the full-size dry run, at a tiny size: random checkpoints, a settings file of one's own, the study at budget dry, a card's preset."

import json

import pytest

from spurious_core.app.dry_run import make_random_profile
from spurious_core.app.metrics import Metrics
from spurious_core.app.runs import run_study
from spurious_core.papers.class_wise.kit import load_kit
from spurious_core.papers.class_wise.target import find_target


@pytest.fixture(scope="module")
def profile(tmp_path_factory):
    return make_random_profile(tmp_path_factory.mktemp("random") / "tiny")


def test_dry_study_on_a_card(profile, tmp_path):
    "An 80 GB card takes the full decoder; the notebook runs the same without a card."
    out = run_study(
        "class_wise_spurious_generation",
        dict(profile=profile, budget="dry", card=80),
        tmp_path,
        timeout=300,
        progress=False,
    )
    about = json.loads((out / "environment.json").read_text())
    config = json.loads((out / "runs/landbird-0/always/adapter/config.json").read_text())
    assert about["peak_memory_mib"] > 100
    assert about["parameters"]["card"] == 80
    assert Metrics.load(out)["consistency.sfsl"]["n"] == 2
    assert (
        config["steps"],
        config["batch_size"],
        config["decoder"],
        config["gradient_checkpointing"],
        config["precision"],
    ) == (10, 1, "AutoencoderKL", True, "fp32")
    assert len((out / "runs/landbird-0/always/adapter/log.jsonl").read_text().splitlines()) == 10
    assert len(list((out / "runs/landbird-0/always/images").glob("*.png"))) == 2


def test_references_are_made_up_only_on_request(profile):
    kit = load_kit(profile)
    few = dict(n_train=8, n_refs=5, n_candidates=10, n_bank=2)
    with pytest.raises(ValueError, match="the guide falls for only"):
        find_target(kit, "landbird", **few)
    with pytest.warns(UserWarning, match="likeliest candidates make up the number"):
        t = find_target(kit, "landbird", **few, require_fooled=False)
    p = kit.guide.probs(t.references)
    fooled = int((p.argmax(1) == t.y).sum())
    rest = p[fooled:, t.y]  # those that fool it come first
    assert len(t.references) == 5 == len(t.captions)
    assert (p[fooled:].argmax(1) != t.y).all()
    assert (rest.diff() <= 0).all()
    with pytest.raises(ValueError, match="falls for only"):
        find_target(kit, "landbird", **few | dict(n_refs=40), require_fooled=False)


def test_a_profile_is_made_once_and_the_same(profile, tmp_path):
    from spurious_core.core.files import checkpoint_hash
    from spurious_core.core.settings import load_profile

    again = make_random_profile(tmp_path / "again")
    a, b = load_profile(profile), load_profile(again)
    for k in ("pipeline", "tiny_decoder", "guide", "presence"):
        assert checkpoint_hash(getattr(a, k)) == checkpoint_hash(getattr(b, k))
    assert make_random_profile(tmp_path / "again") == again
    assert len({checkpoint_hash(c) for c in (a.guide, a.null_guide, *a.jury)}) == 4
