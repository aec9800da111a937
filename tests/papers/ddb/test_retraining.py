"Retraining: the label of the new class, the layers that change, and a run that is killed."

import os
import signal

import numpy as np
import pytest
import torch

from spurious_core.data.grouped import GroupedImages
from spurious_core.mitigate import resumable, trainer
from spurious_core.mitigate.composed_loss import parts_of
from spurious_core.mitigate.registry import find_method
from spurious_core.models.preprocessing import as_pixels
from spurious_core.papers.ddb.retraining import fit_ddb
from support.ddb import CONFIG, DATA, MADE, VAL, grouped, net


def retrain(base, config=CONFIG, generated=MADE, **options):
    return fit_ddb(DATA, generated, VAL, base, config, progress=False, **options)


def features(clf):
    return clf.features(as_pixels(VAL.pixels)).detach()


def test_it_is_the_method_that_everyone_finds(base):
    assert retrain(base).method is find_method("ddb")


@pytest.mark.parametrize("layers", ["all", "last"])
def test_retraining_uses_the_label_of_the_new_class(base, layers):
    "Pictures of the missing groups teach the class; with the old class as their label, the shortcut."
    test = grouped([30] * 4, seed=9)
    config = CONFIG.with_(ddb_layers=layers, ddb_gamma=4.0, epochs=12)
    manifest = MADE.manifest.assign(y=1 - MADE.y)
    mislabelled = GroupedImages(manifest, MADE.labels, MADE.attributes, pixels=MADE.pixels)
    right, wrong = (retrain(base, config, generated, selection="last") for generated in (MADE, mislabelled))
    assert right.report(test).wga > wrong.report(test).wga + 0.2


def test_last_layer_alone_leaves_the_features(base):
    fitted = retrain(base, CONFIG.with_(ddb_layers="last"))
    assert np.allclose(features(fitted.clf), features(base), atol=1e-5)
    assert not torch.allclose(fitted.clf.head_weight, base.head_weight)
    assert fitted.details["generated"] == {"no": 20, "yes": 6}
    assert parts_of(fitted.train).tolist() == [0] * 85 + (1 + MADE.y).tolist()


def test_all_layers_change_the_features(base):
    assert not np.allclose(features(retrain(base).clf), features(base), atol=1e-3)


@pytest.mark.parametrize("selection", ["wga", "worst_class"])
def test_the_epoch_is_chosen_with_or_without_groups(base, selection):
    fitted = retrain(base, selection=selection)
    assert fitted.selection == selection
    assert len(fitted.history) == 3
    right = fitted.predict(VAL) == VAL.y
    key = VAL.group if selection == "wga" else VAL.y
    worst = min(right[key == k].mean() for k in np.unique(key))
    assert worst == pytest.approx(fitted.history[f"val_{selection}"].max())


def test_the_last_epoch_may_be_kept(base):
    fitted = retrain(base, selection="last")
    assert fitted.selection == "last"
    assert len(fitted.history) == 3


def retrain_and_die(base, out):
    "Retrains, and is killed before the eighth file is written."
    calls, write = [], trainer.write_tensors

    def dies(*args, **header):
        calls.append(args)
        if len(calls) == 8:
            os.kill(os.getpid(), signal.SIGKILL)
        write(*args, **header)

    trainer.write_tensors = resumable.write_tensors = dies
    torch.set_num_threads(1)
    retrain(base, out_dir=out, checkpoint_seconds=0.0)


def test_retraining_killed_goes_on_to_the_same_network(base, tmp_path, killed):
    whole, out = retrain(base), tmp_path / "r"
    assert killed(retrain_and_die, base, out) == -signal.SIGKILL
    assert (out / resumable.TRAINING_CHECKPOINT).exists()
    again = retrain(base, out_dir=out, checkpoint_seconds=0.0)
    for name, value in whole.clf.state_dict().items():
        assert torch.equal(value, again.clf.state_dict()[name])
    with pytest.raises(ValueError):
        retrain(base, generated=grouped([0, 8, 8, 0], "generated", seed=6), out_dir=out)


@pytest.mark.parametrize(
    "changes, why",
    [
        (dict(generated=DATA), "holds real images"),
        (dict(train=MADE), "holds generated images"),
        (dict(base=net(["a", "b"])), "base knows"),
        (dict(config=CONFIG.with_(ddb_gamma=(1, 2, 3))), "must be a number from 0 up"),
        (dict(config=CONFIG.with_(ddb_layers="some")), "allowed: all, last"),
    ],
)
def test_bad_input_is_refused(base, changes, why):
    given = dict(train=DATA, generated=MADE, val=VAL, base=base, config=CONFIG)
    with pytest.raises(ValueError, match=why):
        fit_ddb(**given | changes, progress=False)
