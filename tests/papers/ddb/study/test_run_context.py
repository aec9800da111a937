"One world and one seed: what its trainings share."

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from spurious_core.papers.ddb.choosing import image_losses
from spurious_core.papers.ddb.study.run_context import ddb_runs, plainly_trained, ranking_losses
from support.ddb import DATA, ToySource, toy_run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return toy_run(None, tmp_path_factory.mktemp("run"))


def test_every_training_has_a_folder_of_its_own(run):
    options = run.options("erm", seed=7)
    assert options["out_dir"] == run.out / "fits" / "toy_3" / "erm"
    assert (options["seed"], options["selection"], options["progress"]) == (7, "wga", False)


def test_plain_network_and_ranking_losses_of_a_briefly_trained_one(run):
    run = replace(run, plan=replace(run.plan, epochs=4))
    plain = plainly_trained(run)
    losses = ranking_losses(run, plain)
    assert losses.shape == (len(DATA),)
    assert sorted(path.name for path in (run.out / "fits" / "toy_3").iterdir()) == ["erm", "short"]
    assert not np.allclose(losses, image_losses(plain.clf, DATA))
    assert run.wga([plain, plain]) == plain.report(run.test).wga


def test_a_given_network_ranks_the_images_itself(run, base, tmp_path):
    source = ToySource(run.source.tools, given=base)
    given = replace(run, source=source, out=tmp_path)
    plain = plainly_trained(given)
    assert (plain.clf, plain.selection) == (base, "given")
    assert (ranking_losses(given, plain) == image_losses(base, DATA)).all()
    assert list(tmp_path.iterdir()) == []


def test_choices_look_at_the_last_quarter_of_the_epochs(run):
    class Fitted:
        history = pd.DataFrame(dict(val_wga=[0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 0.5, 0.7]))

    longer = replace(run, plan=replace(run.plan, epochs=8))
    assert longer.last_epochs(Fitted) == pytest.approx(0.6)


def test_retraining_counts_painted_pictures_apart(run):
    assert run.retraining_config(ddb_gamma=2.0).hyperparameters == dict(ddb_batch=4, ddb_gamma=2.0)


def test_runs_go_through_the_sources_seed_by_seed(run, tmp_path):
    plan = replace(run.plan, seeds=2, word_sizes=(0,))
    one, other = ToySource(None), ToySource("other")
    runs = ddb_runs([one, other], plan, 5, tmp_path)
    assert [(r.source is one, r.seed, r.first_seed) for r in runs] == [
        (True, 5, True),
        (False, 5, True),
        (True, 6, False),
        (False, 6, False),
    ]
    assert [r.word_sizes for r in runs] == [(0,), (), (0,), ()]
