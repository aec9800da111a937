"What is of another kind than it should be is one line, which shows it and names the argument."

from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import spurious_core as sc
from spurious_core.data import get_world, world_images
from spurious_core.mitigate import MitigationConfig, small_resnet
from spurious_core.models import load_captioner, load_segmenter, load_tiny_decoder

GUIDE, PIPELINE = (getattr(sc.load_profile("mini"), field) for field in ("guide", "pipeline"))
ODD = (None, 5, 1.5, True, [1, 2], b"x", object)
Y = [0, 1, 0, 1]
NAMES = ["a", "b"]
IMAGES = np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3), np.uint8)


@cache
def things() -> SimpleNamespace:
    "Small data, and classifiers that exist."
    train = world_images(get_world("waterbirds"), 16, "train")
    jury = [small_resnet(["boat", "cow"]).eval() for _ in range(2)]
    for number, juror in enumerate(jury):
        juror.name = f"juror {number}"
    presence = small_resnet(["boat", "cow", "nothing"]).eval()
    presence.name = "presence"
    config = MitigationConfig(epochs=1)
    fitted = sc.fit("ERM", train, None, lambda: small_resnet(train.labels), config, progress=False)
    return SimpleNamespace(train=train, jury=jury, presence=presence, config=config, fitted=fitted)


def fit(**odd):
    good = dict(method="ERM", train=things().train, val=None, backbone=None, config=things().config)
    return sc.fit(**good | dict(progress=False) | odd)


def judge(**odd):
    return sc.judge(**dict(images=IMAGES, k="boat", jury=things().jury, presence=things().presence) | odd)


def report(**odd):
    return sc.group_report(**dict(y=Y, a=Y, predicted=Y, labels=NAMES, attributes=NAMES) | odd)


def pca(**odd):
    return sc.fit_neural_pca(**dict(clf=things().jury[0], images=IMAGES, k="boat") | odd)


CASES = {
    "reader": (lambda odd: sc.read_dataset(odd, "."), ODD),
    "root": (lambda odd: sc.read_dataset("waterbirds", odd), ODD),
    "profile": (sc.load_profile, ODD),
    "source": (sc.load_classifier, ODD),
    "pipeline source": (sc.load_pipeline, ODD),
    "decoder source": (load_tiny_decoder, ODD),
    "captioner source": (load_captioner, ODD),
    "segmenter source": (load_segmenter, ODD),
    "device": (lambda odd: sc.load_classifier(GUIDE, device=odd), (*ODD, "gpu", "")),
    "dtype": (lambda odd: sc.load_classifier(GUIDE, dtype=odd), (*ODD, "float32", torch.int64)),
    "pipeline device": (lambda odd: sc.load_pipeline(PIPELINE, device=odd), ODD),
    "pipeline dtype": (lambda odd: sc.load_pipeline(PIPELINE, dtype=odd), ODD),
    "decoder dtype": (lambda odd: load_tiny_decoder("no/such", dtype=odd), ODD),
    "captioner device": (lambda odd: load_captioner("no/such", device=odd), ODD),
    "segmenter dtype": (lambda odd: load_segmenter("no/such", dtype=odd), ODD),
    "fit device": (lambda odd: fit(device=odd, backbone=things().jury[0]), (*ODD, "gpu")),
    "progress": (lambda odd: fit(progress=odd), (None, 5, 1.5, [1, 2], b"x", object, "no")),
    "method": (lambda odd: fit(method=odd), ODD),
    "train": (lambda odd: fit(train=odd), ODD),
    "val": (lambda odd: fit(val=odd), ODD[1:]),
    "config": (lambda odd: fit(config=odd), ODD[1:]),
    "out_dir": (lambda odd: fit(out_dir=odd), (*ODD[1:], "")),
    "hyperparameters": (lambda odd: MitigationConfig(hyperparameters=odd), ODD),
    "with_ hyperparameters": (lambda odd: MitigationConfig().with_(hyperparameters=odd), ODD),
    "data": (lambda odd: things().fitted.probs(odd), ODD),
    "test": (lambda odd: things().fitted.report(odd), ODD),
    "batch": (lambda odd: things().fitted.probs(IMAGES, odd), (None, 0, 1.5, True, [1, 2])),
    "class": (lambda odd: judge(k=odd), (None, 1.5, True, [1, 2], b"x")),
    "jury": (lambda odd: judge(jury=odd), (None, 5, 1.5, True, object)),
    "juror": (lambda odd: judge(jury=odd), ([1, 2], "ab")),
    "presence": (lambda odd: judge(presence=odd), (*ODD[1:], "presence")),
    "label": (lambda odd: judge(label=odd), (5, 1.5, True, object, [])),
    "guide": (lambda odd: judge(guide=odd), ODD[1:]),
    "clf": (lambda odd: pca(clf=odd), ODD),
    "images": (lambda odd: pca(images=odd), (None, 5, 1.5, True, object)),
    "k": (lambda odd: pca(k=odd), (None, 1.5, True, [1, 2], b"x", object)),
    "probs images": (lambda odd: things().jury[0].probs(odd), ODD),
    "labels": (lambda odd: report(labels=odd), (None, 5, 1.5, True, object, "ab")),
    "attributes": (lambda odd: report(attributes=odd), (None, 5, 1.5, True, object, "ab")),
    "train_counts": (lambda odd: report(train_counts=odd), (5, [1, 2], object, {}, "ab")),
    "probs": (lambda odd: report(probs=odd), (5, [1, 2], object, {}, "ab")),
    "level": (lambda odd: report(level=odd), (None, 5, True, [1, 2], object)),
    "prompts": (lambda odd: sc.plan_prompts(odd, 1), (None, 5, 1.5, True, object)),
    "prompt": (lambda odd: sc.plan_prompts(odd, 1), ([1, 2], [None], "")),
    "n": (lambda odd: sc.plan_prompts("a", odd), (None, 1.5, True, [1, 2], b"x", object)),
}


@pytest.mark.parametrize("argument", CASES)
def test_what_is_of_another_kind_is_named_in_one_line(argument, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    call, values = CASES[argument]
    for odd in values:
        with pytest.raises(ValueError) as raised:
            call(odd)
        said = str(raised.value)
        assert argument.split()[-1] in said and "\n" not in said and len(said) < 400, (odd, said)


def test_classes_are_whole_numbers_to_a_jury():
    "1.5 was class 1, and so was True; no label at all was an object that is never there."
    assert judge(k=1).k.eq(1).all() and judge(k=np.int64(1)).k.eq(1).all()
    assert judge(label=[0, "cow"]).p_object.between(0, 1).all()
