"One call: what it returns, what it refuses, and that methods with groups help."

import warnings

import numpy as np
import pytest
import torch
from PIL import Image

from spurious_core.core.locks import FolderInUse, hold_folder
from spurious_core.data.grouped import GroupedImages
from spurious_core.mitigate.config import MitigationConfig
from spurious_core.mitigate.method import Method
from spurious_core.mitigate.registry import METHODS
from support.mitigation import ATTRIBUTES, FAST, LABELS, images, quick, same, small, validation, weights

SHORT = dict(jtt_T=1, dfr_refits=3, afr_epochs=20, spufix_top=4)


@pytest.mark.parametrize("name", METHODS)
def test_every_method_fits_and_says_what_it_did(name):
    method, train = METHODS[name], images()
    short = {k: value for k, value in SHORT.items() if k in method.hyperparameters}
    if method.generated:
        train.manifest.loc[train.group == 2, "g"] = "generated"
    fitted = quick(name, train, config=FAST.with_(epochs=2, **short))
    test = images(100, 0.5, 2, "test")
    predicted = fitted.predict(test)
    assert predicted.shape == (100,) and set(predicted) <= {0, 1}
    assert fitted.selection == "wga" and fitted.seconds > 0 and len(fitted.history) >= 2
    report = fitted.report(test)
    assert 0 <= report.wga <= report.average <= 1
    assert report.table.train.tolist() == np.bincount(images().group, minlength=4).tolist()
    assert name in fitted._repr_markdown_()


def test_a_whole_data_set_to_train_on_is_warned_of():
    whole = images(40)
    whole.manifest["split"] = ["train"] * 30 + ["test"] * 10
    with pytest.warns(UserWarning, match=r'10 of the 40 images .* are test images; .*data.split\("train"\)'):
        quick("ERM", whole, config=FAST)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        quick("ERM", whole.split("train"), config=FAST)


def test_group_methods_beat_erm_where_a_shortcut_was_planted():
    train, val, test = images(400, 0.95), images(200, 0.5, 1, "val"), images(400, 0.5, 2, "test")
    config = MitigationConfig(lr=1e-2, epochs=6, batch=32)
    erm = quick("ERM", train, val, config, selection="average")
    fits = {name: quick(name, train, val, config) for name in ("Resample", "GroupDRO")}
    fits["DFR"] = quick("DFR", train, val, config, base=erm.clf)
    wga = {name: fitted.report(test).wga for name, fitted in fits.items()}
    assert min(wga.values()) > erm.report(test).wga + 0.1, wga


def on_disk(data, folder):
    "The same images, read as they are needed."
    folder.mkdir()
    files = [f"{i}.png" for i in range(len(data))]
    for file, pixels in zip(files, data.pixels, strict=True):
        Image.fromarray(pixels).save(folder / file)
    manifest = data.manifest.assign(file=files)
    return GroupedImages(manifest, LABELS, ATTRIBUTES, data.name, root=folder, size=16)


def test_images_on_disk_train_the_same_network(tmp_path):
    train, val = on_disk(images(), tmp_path / "train"), on_disk(validation(), tmp_path / "val")
    assert same(weights(quick("GroupDRO", train, val)), weights(quick("GroupDRO")))


def test_a_given_base_gives_what_training_it_first_gives():
    base, x = quick("ERM").clf, images(30, 0.5, 2).pixels
    for name in ("DFR", "SpuFix", "MaskTune"):
        assert torch.equal(quick(name).clf.probs(x), quick(name, base=base).clf.probs(x))


def test_whatever_the_registry_holds_is_fitted_by_its_name(monkeypatch):
    again = Method("Again", "nobody", "plain training", lambda run: run.erm(), base=True)
    monkeypatch.setitem(METHODS, "Again", again)
    fitted = quick("again")
    assert same(weights(fitted), weights(quick("ERM")))
    assert fitted._repr_markdown_().startswith("**Again**")


def test_one_fit_at_a_time_works_in_a_folder(tmp_path):
    with hold_folder(tmp_path), pytest.raises(FolderInUse, match="is in use by process"):
        quick("ERM", out_dir=tmp_path)
    assert all(path.name.startswith(".") for path in tmp_path.iterdir()), "nothing was written"


def test_what_a_method_says_is_shown_as_text(monkeypatch):
    def train(run):
        run.details["worst"] = "<b>a|c</b>"
        return run.erm()

    monkeypatch.setitem(METHODS, "<i>", Method("<i>", "no*body*", "<u>plain</u>", train))
    shown = quick("<i>")._repr_markdown_()
    assert shown.startswith("**&lt;i&gt;** (no&#42;body&#42;): &lt;u&gt;plain&lt;/u&gt;.")
    assert "; worst: &lt;b&gt;a&#124;c&lt;/b&gt;" in shown
    assert "<" not in shown


@pytest.mark.parametrize(
    "options, message",
    [
        (dict(method="magic"), "method='magic' is unknown; allowed: ERM"),
        (dict(config={"lr": 1}), "name of a preset"),
        (dict(config="cats"), "preset='cats' is unknown; allowed: waterbirds, celeba"),
        (dict(config=FAST.with_(jtt_T=1)), "ERM has no setting 'jtt_T'"),
        (dict(method="CVaR-DRO", config=FAST.with_(cvar_alpha=2)), "cvar_alpha=2 must lie in"),
        (dict(method="DFR", config=FAST.with_(dfr_C=0.1)), "dfr_C=0.1 must be a list of numbers"),
        (dict(precision="int8"), "precision='int8' is unknown"),
        (
            dict(method="AFR", base=small()),
            "AFR trains its network itself; base is for MaskTune, DFR, DPE, SpuFix, DDB",
        ),
        (dict(backbone="resnet50"), "expected a Classifier or a function"),
    ],
)
def test_what_does_not_fit_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        quick(**(dict(method="ERM") | options))
