"Loading and saving classifiers: folders, torchvision's names, and what is refused."

import json
import os
import signal
import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForImageClassification, ViTModel

from spurious_core.models.loading import load_classifier, resnet_of, save_classifier, transformers_key
from spurious_core.models.pipelines import load_pipeline
from spurious_core.models.preprocessing import Preprocess, as_pixels
from spurious_core.models.robustness import convert_robustness
from support.modes import modes, readable_by_all
from support.networks import LABELS, NETWORKS, small_classifier, small_network
from support.pickles import Trap
from support.resnets import PLAIN, normal, random_resnet

X = np.random.default_rng(2).integers(0, 256, (6, 64, 64, 3), np.uint8)
NEAR = dict(rtol=1e-4, atol=1e-4)


@pytest.fixture
def x():
    return torch.rand(3, 3, 64, 64, generator=torch.Generator().manual_seed(1))


def write(state, file):
    "Saves tensors in the format of the file's ending."
    if file.suffix == ".safetensors":
        save_file(state, file)
    else:
        torch.save(state, file)
    return file


@pytest.mark.parametrize("kind", NETWORKS)
def test_saved_folder_is_plain_transformers(kind, x, tmp_path):
    preprocess = Preprocess((64, 64), mean=(0.4, 0.5, 0.6), std=(0.2, 0.3, 0.4))
    clf = small_classifier(kind, preprocess)
    folder = save_classifier(clf, tmp_path / "c", dtype=torch.float32)
    net = AutoModelForImageClassification.from_pretrained(folder)
    assert [net.config.id2label[i] for i in range(3)] == LABELS
    again = load_classifier(folder)
    torch.testing.assert_close(again(x), clf(x))
    torch.testing.assert_close(net(clf.preprocess(x)).logits, clf(x))
    assert again.preprocess == preprocess
    assert not any(p.requires_grad for p in again.parameters())
    assert not again.training
    weights = load_file(folder / "model.safetensors").values()
    assert {v.dtype for v in weights if v.is_floating_point()} == {torch.float32}


def test_a_saved_folder_holds_nothing_else(tmp_path):
    folder = save_classifier(small_classifier(), tmp_path / "c")
    names = {"config.json", "model.safetensors", "preprocessor_config.json"}
    assert {path.name for path in folder.iterdir()} == names
    weights = load_file(folder / "model.safetensors").values()
    assert {v.dtype for v in weights if v.is_floating_point()} == {torch.float16}


@pytest.mark.parametrize("basic", [True, False])
def test_torchvision_names_and_strides(basic, x):
    reference = random_resnet(basic)
    state = {f"module.{key}": value for key, value in reference.state_dict().items()}
    with torch.no_grad():
        torch.testing.assert_close(resnet_of(state).eval()(x).logits, reference(x), **NEAR)


def test_every_name_has_one_in_transformers():
    state = random_resnet(basic=False).state_dict()
    names = [transformers_key(key) for key in state]
    assert sorted(names) == sorted(resnet_of(state).state_dict())


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_state_dict_file(suffix, tmp_path, x):
    reference = random_resnet()
    state = reference.state_dict()
    file = write(state if suffix == ".safetensors" else dict(state_dict=state), tmp_path / f"net{suffix}")
    clf = load_classifier(file, LABELS, preprocess=Preprocess())
    assert clf.name == "net"
    assert clf.labels == LABELS
    torch.testing.assert_close(clf(x), reference((x - 0.5) / 0.5), **NEAR)
    assert load_classifier(file).preprocess.crop == 224


@pytest.mark.parametrize("suffix, prefix", [(".pth", "module."), (".safetensors", "")])
def test_torchvision_resnet50(resnet50, tmp_path, suffix, prefix):
    state = {prefix + key: value for key, value in resnet50.state_dict().items()}
    clf = load_classifier(write(state, tmp_path / f"resnet50-0676ba61{suffix}"))
    assert len(clf.labels) == 1000
    assert clf.preprocess == replace(PLAIN, size=256, crop=224)
    clf.preprocess = PLAIN
    pixels = as_pixels(X)
    torch.testing.assert_close(clf(pixels), resnet50(normal(pixels)), rtol=1e-3, atol=1e-4)


def test_other_stems_and_blocks_are_refused():
    state = random_resnet().state_dict()
    with pytest.raises(ValueError, match="no plain ResNet"):
        resnet_of(state | {"conv1.weight": torch.zeros(4, 3, 3, 3)})
    with pytest.raises(ValueError, match="fc.weight missing"):
        resnet_of({key: value for key, value in state.items() if not key.startswith("fc")})


def test_pickles_are_not_opened(tmp_path):
    state = random_resnet().state_dict()
    torch.save(state | dict(args=Trap(tmp_path / "evil")), tmp_path / "c.pt")
    with pytest.raises(ValueError, match="convert_robustness"):
        load_classifier(tmp_path / "c.pt")
    assert not (tmp_path / "evil").exists()


def test_missing_and_wrong_folders(tmp_path):
    with pytest.raises(FileNotFoundError, match="no file or folder"):
        load_classifier(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="config.json"):
        load_classifier(tmp_path)
    ViTModel(small_network("vit").config).save_pretrained(tmp_path / "headless")
    with pytest.raises(ValueError, match="not a trained classifier"):
        load_classifier(tmp_path / "headless")
    folder = save_classifier(small_classifier(), tmp_path / "c")
    names = [str(i) for i in range(5)]
    config = json.loads((folder / "config.json").read_text())
    config |= dict(id2label=dict(zip(names, names, strict=True)), label2id={n: int(n) for n in names})
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match="does not fit"):
        load_classifier(folder)


def _die_while_saving(folder):
    "Saves, and is killed when the first file is put in place."
    os.replace = lambda *paths: os.kill(os.getpid(), signal.SIGKILL)
    save_classifier(small_classifier(), folder)


def test_what_a_killed_call_left_is_hidden_and_swept_by_the_next(tmp_path, killed):
    (tmp_path / "tmp_of_mine").mkdir()
    assert killed(_die_while_saving, tmp_path) == -signal.SIGKILL
    assert [path.name for path in tmp_path.glob("[!.]*")] == ["tmp_of_mine"]
    assert len(list(tmp_path.iterdir())) == 2
    save_classifier(small_classifier(), tmp_path)
    names = ["config.json", "model.safetensors", "preprocessor_config.json", "tmp_of_mine"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names


def test_labels_must_fit_the_head(tmp_path):
    save_classifier(small_classifier(), tmp_path / "c")
    with pytest.raises(ValueError, match="3 outputs, but there are 2 labels"):
        load_classifier(tmp_path / "c", ["a", "b"])


def test_labels_that_are_asked_for_come_before_noted_ones(tmp_path):
    model = {f"module.model.{key}": value for key, value in random_resnet().state_dict().items()}
    torch.save(dict(model=model), tmp_path / "c.pt")
    file = convert_robustness(tmp_path / "c.pt", tmp_path / "named.safetensors", labels=LABELS)
    assert load_classifier(file).labels == LABELS
    assert load_classifier(file, labels=LABELS[::-1]).labels == LABELS[::-1]


@pytest.mark.parametrize("name", ["config.json", "preprocessor_config.json", "model.safetensors"])
def test_a_damaged_file_of_a_folder_is_named(tmp_path, name):
    folder = save_classifier(small_classifier(), tmp_path / "c")
    (folder / name).write_bytes((folder / name).read_bytes()[:50])
    with pytest.raises(ValueError, match=f"{name} is damaged"):
        load_classifier(folder)


@pytest.mark.parametrize("name", ["config.json", "preprocessor_config.json"])
@pytest.mark.parametrize("text", ["[1]", "null", "3", '{"do_center_crop": true}'])
def test_a_file_of_json_that_says_something_else_is_named(tmp_path, name, text):
    folder = save_classifier(small_classifier(), tmp_path / "c")
    (folder / name).write_text(text)
    with pytest.raises(ValueError, match=f"{name} is damaged|does not fit its own config"):
        load_classifier(folder)


def test_a_folder_without_its_weights_is_named(tmp_path):
    folder = save_classifier(small_classifier(), tmp_path / "c")
    (folder / "model.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match=f"{folder}: .*no file named model.safetensors"):
        load_classifier(folder)


def test_preprocessing_is_never_guessed_in_silence(tmp_path):
    folder = save_classifier(small_classifier(), tmp_path / "c")
    (folder / "preprocessor_config.json").unlink()
    with pytest.warns(UserWarning, match="has no preprocessor_config.json: pictures are not resized"):
        assert load_classifier(folder).preprocess == Preprocess()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_classifier(folder, preprocess=Preprocess(8))


@pytest.mark.parametrize("suffix", [".safetensors", ".pt"])
def test_a_damaged_state_dict_is_named(tmp_path, suffix):
    file = write(dict(a=torch.ones(99)), tmp_path / f"r{suffix}")
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(ValueError, match=f"r{suffix} is damaged"):
        load_classifier(file)


def test_a_full_disk_names_the_folder(tmp_path, monkeypatch):
    def full(*paths):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="cannot write .*/c: No space left on device; make room"):
        save_classifier(small_classifier(), tmp_path / "c")


def test_a_colleague_can_read_a_classifier(tmp_path):
    with readable_by_all():
        save_classifier(small_classifier(), tmp_path / "c")
    assert modes(tmp_path) == {"0o644"}


@pytest.mark.parametrize("load", [load_classifier, load_pipeline])
def test_an_empty_source_is_not_the_current_folder(load):
    with pytest.raises(ValueError, match="source='' must be a text that says something"):
        load("")
