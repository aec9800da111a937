"ASPIRE and DDB on images of one's own: folders named after the classes, a classifier, and nothing else."

import ast
import json
from types import SimpleNamespace
from unittest.mock import Mock

import nbformat
import pandas as pd
import pytest
import torch
from PIL import Image

from spurious_core.app.metrics import Metrics
from spurious_core.app.runs import run_study
from spurious_core.app.studies import find_study
from spurious_core.data.rendered import world_images
from spurious_core.data.worlds import get_world
from spurious_core.diffusion.image_sets import load_image_set
from spurious_core.mitigate.networks import small_resnet
from spurious_core.models.loading import load_classifier, save_classifier
from spurious_core.models.training import ClassifierTraining, train_classifier
from spurious_core.papers.aspire import marking
from spurious_core.papers.aspire.marking import REPORTED_COLUMNS
from support.study_cells import run_cells


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    root = tmp_path_factory.mktemp("own")
    data = world_images(get_world("waterbirds"), 100, "train", 100)
    for i, (image, y) in enumerate(zip(data.images(), data.y, strict=True)):
        path = root / "images" / data.labels[y] / f"{i:03d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    torch.manual_seed(0)  # the same network, whatever ran before
    clf = small_resnet(data.labels)
    train_classifier(clf, data.images(), data.y, ClassifierTraining(epochs=4), progress=False)
    return dict(folder=str(root / "images"), classifier=str(save_classifier(clf, root / "classifier")))


def numbers_of(study, out, given, **parameters):
    "The numbers of a study on one's own pictures at budget `smoke`, and its folder."
    run_cells(study, budget="smoke", out=str(out), **given, **parameters)
    return json.loads((out / "metrics.json").read_text()), out


@pytest.mark.slow
def test_find_and_cure_on_own_images(given, tmp_path):
    m, out = numbers_of("aspire", tmp_path / "run", given)
    assert {"wga.own.ERM", "wga.own.ERM_plus_aspire", "gain.own.ERM"} <= set(m)
    assert not any("recall" in name for name in m)  # nothing is known to mark the list against
    assert 0 <= m["wga.own.ERM_plus_aspire"]["value"] <= 1
    assert list((out / "figures").glob("*.png"))


def test_what_is_reported_of_own_images_is_shown_with_its_p_value_and_kept(tmp_path):
    row = dict.fromkeys(REPORTED_COLUMNS, 0.25) | dict(
        label="bird", cluster="wooden fence", kind="foreground"
    )
    row |= dict(edits=7, lo=0.1, hi=0.4, p=0.0004)
    ranking = pd.DataFrame([row | dict(spurious=True), row | dict(cluster="lamp", spurious=False)])
    names = dict(cured={("own", 3): SimpleNamespace(ranking=ranking, findings=None)}, seed=3, out=tmp_path)
    names |= dict(pd=pd, metrics=Metrics(), marking=marking, pictures=Mock())
    cells = nbformat.read(find_study("aspire").path, 4).cells
    (source,) = [
        cell.source for cell in cells if cell.cell_type == "code" and "evidence_entries" in cell.source
    ]
    *steps, last = ast.parse(source).body
    exec(compile(ast.Module(steps, []), "aspire", "exec"), names)
    shown = eval(compile(ast.Expression(last.value), "aspire", "eval"), names)
    assert shown[["cluster", "p"]].to_numpy().tolist() == [["wooden fence", 0.0004]]
    kept = dict(value=0.25, ci=[0.1, 0.4], n=7, over="images")
    assert names["metrics"] == {"evidence.own_bird.wooden_fence": kept}
    names["pictures"].save_discoveries.assert_called_once()


@pytest.mark.slow
def test_recompose_and_retrain_on_own_images(given, tmp_path):
    m, out = numbers_of("ddb", tmp_path / "run", given, parts={"waterbird": "bird"}, per_class=6)
    assert {
        "wga.own.ERM",
        "wga.own.DDB",
        "wga.all.DDB",
        "wga.own.DDB_unpruned",
        "wga.own.cut_and_paste",
        "ddb_minus_erm",
        "pruning_gain",
        "gamma.own.DDB",
        "accuracy.own_landbird.given",
        "accuracy.own_waterbird.retrained",
    } <= set(m)
    needs_truth = ("pruned_wrong", "kept_wrong", "auc", "rule_pruned", "rule_kept")
    assert not any(name.startswith(needs_truth) or name.endswith((".DFR", ".GroupDRO")) for name in m)
    assert m["accuracy.own_landbird.given"]["n"] == 10
    accuracies = [m[f"accuracy.own_{label}.given"]["value"] for label in ("landbird", "waterbird")]
    assert min(accuracies) == m["wga.own.ERM"]["value"]
    drawn = load_image_set(out / "painted" / "own_0_4" / "images")
    assert 0 < len(drawn) <= 12
    assert (drawn.y != drawn.y_was).all()
    before, retrained = load_classifier(given["classifier"]), load_classifier(out / "classifiers" / "own")
    assert retrained.labels == before.labels
    assert not before.head_weight.equal(retrained.head_weight)


def test_folder_and_classifier_belong_together(given, tmp_path):
    with pytest.raises(ValueError, match="folder and classifier belong together"):
        run_study("aspire", dict(budget="smoke", folder=given["folder"]), tmp_path / "run", progress=False)


NOTHING_OWN = dict(folder="", classifier="")


@pytest.mark.parametrize(
    "bad, why",
    [
        (dict(classifier=""), "folder and classifier belong together"),
        (dict(parts={"swan": "bird"}), "'swan' is no class; allowed: landbird, waterbird"),
        (dict(parts={"waterbird": " "}), "the part of 'waterbird' is no text"),
        (NOTHING_OWN | dict(parts={"waterbird": "bird"}), "parts and initializer are for your own images"),
        (dict(), "profile 'mini' names no segmenter"),
    ],
)
def test_bad_input_is_refused_before_anything_is_drawn(given, tmp_path, monkeypatch, bad, why):
    if not bad:
        monkeypatch.setenv("SPURIOUS_SEGMENTER", "")
    with pytest.raises(ValueError, match=why):
        run_cells("ddb", ("ddb_sources(",), **dict(budget="smoke", out=str(tmp_path)) | given | bad)
