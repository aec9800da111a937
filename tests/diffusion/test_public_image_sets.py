"Our image sets, read by others: a scorer of Spurious ImageNet, and the library `datasets`."

import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from PIL import Image

from spurious_core.core.images import read_images
from spurious_core.data.readers.spurious_imagenet import spurious_imagenet
from spurious_core.diffusion.exporting import export_spurious_imagenet
from spurious_core.diffusion.generating import generate
from spurious_core.diffusion.plans import plan_prompts
from spurious_core.evaluate.scores import roc_and_ap
from support.drawn_pictures import picture


@pytest.fixture
def image_set(tiny_pipeline, tmp_path):
    plan = plan_prompts(["a boat", "a cow"], 3, y=[0, 1], arm="base")
    return generate(tiny_pipeline, plan, tmp_path / "set", steps=2, progress=False)


def probability(image, label):
    "Any score of an image for a class will do."
    return float(image[..., label % 3].mean())


REAL = {label: [probability(picture(100 * label + i), label) for i in range(4)] for label in (814, 345)}


def auc(real, spurious):
    "The share of pairs that are in order; ties count half."
    return np.mean([[(r > s) + 0.5 * (r == s) for s in spurious] for r in real])


def scorer(root):
    """A scorer from the layout's facts alone: class by the third word of a folder, component by the last.

    Number of pictures and AUC of their scores by class and component."""
    found = {}
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        words = folder.name.split("_")
        label, component = int(words[2]), int(words[-1])
        images = [np.asarray(Image.open(file).convert("RGB")) for file in sorted(folder.iterdir())]
        scores = [probability(image, label) for image in images]
        found[label, component] = (len(images), auc(REAL[label], scores))
    return found


def test_a_scorer_of_spurious_imagenet_reads_our_export(image_set, tmp_path):
    root = tmp_path / "dataset/spurious_imagenet/images"
    export_spurious_imagenet(image_set[image_set.y == 0], root, 814, "speed boat", 2)
    export_spurious_imagenet(image_set[image_set.y == 1], root, 345, "ox", 0)
    found = scorer(root)
    assert {key: n for key, (n, _) in found.items()} == {(814, 2): 3, (345, 0): 3}
    ours = spurious_imagenet(tmp_path, size=16)
    table = ours.manifest
    assert ours.labels == ["ox", "speed boat"]
    components = sorted(zip(table.class_index, table.component, strict=True))
    assert components == [(345, 0)] * 3 + [(814, 2)] * 3
    assert (table.split == "test").all()
    for (label, _), (_, expected) in found.items():
        images = ours.images(table.index[table.class_index == label])
        scores = np.array([probability(image, label) for image in images])
        assert roc_and_ap(np.array(REAL[label]), scores)[0] == pytest.approx(expected)
    assert sorted(x.tobytes() for x in ours.images()) == sorted(x.tobytes() for x in read_images(image_set))


READ_BY_DATASETS = """
    import socket

    def no(*args, **options):
        raise AssertionError("asked the network")

    socket.socket.connect = socket.getaddrinfo = no

    import numpy as np
    from datasets import load_dataset

    table = load_dataset("imagefolder", data_dir="set", split="train")
    images = np.stack([np.asarray(image.convert("RGB")) for image in table["image"]])
    np.savez("got.npz", images=images, y=table["y"], seed=table["seed"], prompt=table["prompt"])
    wanted = {"checkpoint", "adapter", "arm", "guidance", "versions"}
    assert wanted <= set(table.column_names), table.column_names
"""


def test_datasets_reads_our_image_sets(image_set, tmp_path):
    "In a process of its own, because `datasets` reads its settings when it is imported."
    pytest.importorskip("datasets")
    offline = dict(HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1", HF_HOME=str(tmp_path / "home"))
    command = [sys.executable, "-c", textwrap.dedent(READ_BY_DATASETS)]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, env=os.environ | offline, check=False
    )
    assert done.returncode == 0, done.stderr[-1500:]
    read = np.load(tmp_path / "got.npz")
    # datasets sorts by file name, which is our order too
    assert (read["images"] == read_images(image_set)).all()
    assert len(read["seed"]) == 6
    for column in ("y", "seed", "prompt"):
        assert (read[column] == image_set[column].to_numpy()).all()
