"Loading, formats and faults of classifiers: what a notebook cell cannot say well."

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModelForImageClassification,
    ConvNextConfig,
    ConvNextForImageClassification,
    ResNetConfig,
    ResNetForImageClassification,
    SwinConfig,
    SwinForImageClassification,
    ViTConfig,
    ViTForImageClassification,
    ViTModel,
)

from spurious_core.models.classifiers import (
    Classifier,
    ClassifierTraining,
    Preprocess,
    as_pixels,
    convert_robustness,
    load_classifier,
    pgd_l2,
    read_preprocess,
    resnet_of,
    save_classifier,
    train_classifier,
)

torch.set_num_threads(1)
LABELS = ["cat", "dog", "cup"]
K = dict(num_labels=3)
NETS = dict(
    resnet=lambda: ResNetForImageClassification(
        ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic", **K)
    ),
    convnext=lambda: ConvNextForImageClassification(
        ConvNextConfig(num_stages=2, hidden_sizes=[8, 16], depths=[1, 1], image_size=64, **K)
    ),
    vit=lambda: ViTForImageClassification(
        ViTConfig(
            image_size=64,
            patch_size=16,
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=16,
            **K,
        )
    ),
    swin=lambda: SwinForImageClassification(
        SwinConfig(
            image_size=64, patch_size=8, embed_dim=8, depths=[1, 1], num_heads=[1, 2], window_size=4, **K
        )
    ),
)


def make(kind="resnet", preprocess=Preprocess((64, 64))):
    torch.manual_seed(0)
    return Classifier(NETS[kind](), LABELS, preprocess, kind).eval()


@pytest.fixture
def x():
    return torch.rand(3, 3, 64, 64, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("kind", NETS)
def test_head_of_features_gives_the_logits(kind, x):
    clf = make(kind)
    logits, phi = clf.logits_and_features(x)
    assert phi.shape == (3, clf.head.in_features)
    torch.testing.assert_close(logits, phi @ clf.head_weight.T + clf.head_bias)
    assert not clf.head._forward_pre_hooks  # the hook does not stay


@pytest.mark.parametrize("kind", NETS)
def test_saved_folder_is_plain_transformers(kind, x, tmp_path):
    clf = make(kind, Preprocess((64, 64), mean=(0.4, 0.5, 0.6), std=(0.2, 0.3, 0.4)))
    save_classifier(clf, tmp_path / "c", dtype=torch.float32)
    net = AutoModelForImageClassification.from_pretrained(tmp_path / "c")
    assert [net.config.id2label[i] for i in range(3)] == LABELS
    again = load_classifier(tmp_path / "c")
    torch.testing.assert_close(again(x), clf(x))
    torch.testing.assert_close(net(clf.preprocess(x)).logits, clf(x))
    assert (
        again.preprocess == clf.preprocess
        and not any(p.requires_grad for p in again.parameters())
        and not again.training
    )
    assert all(
        v.dtype == torch.float32
        for v in load_file(tmp_path / "c/model.safetensors").values()
        if v.is_floating_point()
    )


def test_gradient_reaches_pixels_out_of_range(x):
    clf = make(preprocess=Preprocess(48, 32))
    x = (x * 3 - 1).requires_grad_(True)
    clf(x)[:, 0].sum().backward()
    inside = x.grad[..., 12:52, 12:52]
    assert torch.isfinite(x.grad).all() and ((inside != 0).float().mean() > 0.9)


def test_uint8_and_float_agree(x):
    clf = make()
    u = (x * 255).round().byte().permute(0, 2, 3, 1).numpy()
    torch.testing.assert_close(
        clf.probs(u, batch=2), clf.probs(torch.from_numpy(u).permute(0, 3, 1, 2).float() / 255)
    )
    for bad in (u[0], u.astype(float), np.zeros((2, 3, 8, 8), np.uint8)):
        with pytest.raises(ValueError, match="images have shape"):
            as_pixels(bad)


@pytest.mark.parametrize(
    "cfg, size, crop",
    [
        (dict(image_processor_type="ViTImageProcessor", size=dict(height=32, width=40)), (32, 40), None),
        (dict(feature_extractor_type="ViTFeatureExtractor", size=224), (224, 224), None),
        (
            dict(image_processor_type="ConvNextImageProcessor", size=dict(shortest_edge=224), crop_pct=0.875),
            256,
            224,
        ),
        (dict(image_processor_type="ConvNextImageProcessor", size=dict(shortest_edge=384)), (384, 384), None),
        (
            dict(
                image_processor_type="CLIPImageProcessor",
                size=dict(shortest_edge=256),
                do_center_crop=True,
                crop_size=dict(height=224, width=224),
            ),
            256,
            224,
        ),
        (
            dict(
                image_processor_type="DeiTImageProcessor",
                size=dict(height=256, width=256),
                do_center_crop=True,
                crop_size=224,
            ),
            (256, 256),
            224,
        ),
        (dict(image_processor_type="ViTImageProcessor", do_resize=False), None, None),
    ],
)
def test_dialects_of_preprocessing(cfg, size, crop):
    p = read_preprocess(cfg | dict(image_mean=[0.5] * 3, image_std=[0.5] * 3))
    assert (p.size, p.crop) == (size, crop)


def test_no_normalisation_means_none():
    assert read_preprocess(
        dict(image_processor_type="ViTImageProcessor", size=8, do_normalize=False)
    ).std == (1.0, 1.0, 1.0)


def test_crop_larger_than_picture():
    with pytest.raises(ValueError, match="cannot crop 99"):
        make(preprocess=Preprocess(crop=99))(torch.rand(1, 3, 64, 64))


def torchvision_state(basic=True, depths=(1, 2), width=4, classes=3):
    g = torch.Generator().manual_seed(0)
    r = lambda *s: torch.randn(*s, generator=g)
    s, inp, up = {}, width, 1 if basic else 4

    def bn(k, c):
        s.update(
            {
                f"{k}.weight": r(c).abs(),
                f"{k}.bias": r(c),
                f"{k}.running_mean": r(c),
                f"{k}.running_var": r(c).abs() + 0.1,
                f"{k}.num_batches_tracked": torch.tensor(3),
            }
        )

    s["conv1.weight"] = r(width, 3, 7, 7)
    bn("bn1", width)
    for l, n in enumerate(depths):
        c = width * 2**l
        for b in range(n):
            k = f"layer{l + 1}.{b}"
            shapes = ((c, inp, 3), (c, c, 3)) if basic else ((c, inp, 1), (c, c, 3), (4 * c, c, 1))
            for i, (o, a, z) in enumerate(shapes):
                s[f"{k}.conv{i + 1}.weight"] = r(o, a, z, z) / (a * z * z) ** 0.5
                bn(f"{k}.bn{i + 1}", o)
            if b == 0 and (l or not basic):
                s[f"{k}.downsample.0.weight"] = r(up * c, inp, 1, 1) / inp**0.5
                bn(f"{k}.downsample.1", up * c)
            inp = up * c
    return s | {"fc.weight": r(classes, inp), "fc.bias": r(classes)}


def torchvision_forward(s, x):
    "torchvision's ResNet forward pass, written out, as the reference."
    F = torch.nn.functional
    bn = lambda v, k: F.batch_norm(
        v, s[f"{k}.running_mean"], s[f"{k}.running_var"], s[f"{k}.weight"], s[f"{k}.bias"]
    )
    x = F.max_pool2d(F.relu(bn(F.conv2d(x, s["conv1.weight"], stride=2, padding=3), "bn1")), 3, 2, 1)
    bottleneck = "layer1.0.conv3.weight" in s
    for l in range(1, 5):
        for b in range(9):
            k = f"layer{l}.{b}"
            if f"{k}.conv1.weight" not in s:
                break
            stride = 2 if l > 1 and b == 0 else 1
            y = x
            for i in range(1, 4 if bottleneck else 3):
                w = s[f"{k}.conv{i}.weight"]
                at = 2 if bottleneck else 1
                y = bn(
                    F.conv2d(y, w, stride=stride if i == at else 1, padding=w.shape[-1] // 2), f"{k}.bn{i}"
                )
                if i < (3 if bottleneck else 2):
                    y = F.relu(y)
            if f"{k}.downsample.0.weight" in s:
                x = bn(F.conv2d(x, s[f"{k}.downsample.0.weight"], stride=stride), f"{k}.downsample.1")
            x = F.relu(x + y)
    return F.linear(x.mean((2, 3)), s["fc.weight"], s["fc.bias"])


@pytest.mark.parametrize("basic", [True, False])
def test_torchvision_names_and_strides(basic, x):
    s = torchvision_state(basic)
    with torch.no_grad():
        torch.testing.assert_close(
            resnet_of({f"module.{k}": v for k, v in s.items()}).eval()(x).logits,
            torchvision_forward(s, x),
            rtol=1e-4,
            atol=1e-4,
        )


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_state_dict_file(suffix, tmp_path, x):
    s, f = torchvision_state(), tmp_path / f"net{suffix}"
    save_file(s, f) if suffix == ".safetensors" else torch.save(dict(state_dict=s), f)
    clf = load_classifier(f, LABELS, preprocess=Preprocess())
    assert clf.name == "net" and clf.labels == LABELS
    torch.testing.assert_close(clf(x), torchvision_forward(s, (x - 0.5) / 0.5), rtol=1e-4, atol=1e-4)
    assert load_classifier(f).preprocess.crop == 224


def test_other_stems_and_blocks_are_refused():
    s = torchvision_state()
    s["conv1.weight"] = torch.zeros(4, 3, 3, 3)
    with pytest.raises(ValueError, match="no plain ResNet"):
        resnet_of(s)
    with pytest.raises(ValueError, match="fc.weight missing"):
        resnet_of({k: v for k, v in torchvision_state().items() if k[:2] != "fc"})


class Trap:
    "A pickle that creates a file when opened."

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_pickles_are_only_opened_on_request(tmp_path):
    s = torchvision_state()
    evil = tmp_path / "evil"
    torch.save(
        dict(
            model={f"module.model.{k}": v for k, v in s.items()}
            | {f"module.attacker.model.{k}": v * 0 for k, v in s.items()}
            | {"module.normalizer.new_mean": torch.zeros(3)},
            args=Trap(evil),
        ),
        tmp_path / "c.pt",
    )
    with pytest.raises(ValueError, match="allow_pickle=True"):
        convert_robustness(tmp_path / "c.pt", tmp_path / "c.safetensors")
    with pytest.raises(ValueError, match="convert_robustness"):
        load_classifier(tmp_path / "c.pt")
    assert not evil.exists() and not (tmp_path / "c.safetensors").exists()
    kept = load_file(convert_robustness(tmp_path / "c.pt", tmp_path / "c.safetensors", allow_pickle=True))
    assert evil.exists() and kept.keys() == s.keys() and all(torch.equal(kept[k], s[k]) for k in s)


def test_conversion_of_something_else(tmp_path):
    torch.save(torchvision_state(), tmp_path / "c.pt")
    with pytest.raises(ValueError, match='no weights under "model."'):
        convert_robustness(tmp_path / "c.pt", tmp_path / "o.safetensors")


def test_missing_and_wrong_folders(tmp_path):
    with pytest.raises(FileNotFoundError, match="no file or folder"):
        load_classifier(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="config.json"):
        load_classifier(tmp_path)
    ViTModel(NETS["vit"]().config).save_pretrained(tmp_path / "headless")
    with pytest.raises(ValueError, match="not a trained classifier"):
        load_classifier(tmp_path / "headless")
    save_classifier(make(), tmp_path / "c")
    cfg = json.loads((tmp_path / "c/config.json").read_text()) | dict(
        id2label={str(i): str(i) for i in range(5)}, label2id={str(i): i for i in range(5)}
    )
    (tmp_path / "c/config.json").write_text(json.dumps(cfg))
    with pytest.raises(ValueError, match="does not fit"):
        load_classifier(tmp_path / "c")


def test_labels_must_fit_the_head(tmp_path):
    save_classifier(make(), tmp_path / "c")
    with pytest.raises(ValueError, match="3 outputs, but there are 2 labels"):
        load_classifier(tmp_path / "c", ["a", "b"])
    with pytest.raises(ValueError, match="no linear layer"):
        Classifier(torch.nn.Conv2d(3, 3, 3), LABELS)


def test_attack_stays_in_its_ball_and_leaves_weights_alone(x):
    clf = make().requires_grad_(True)
    y = clf(x).argmax(1)
    adv = pgd_l2(clf, x, y, eps=0.7, steps=4)
    assert (
        ((adv - x).flatten(1).norm(dim=1) <= 0.7 + 1e-4).all()
        and adv.min() >= 0
        and adv.max() <= 1
        and not adv.requires_grad
    )
    assert all(p.grad is None for p in clf.parameters())


def data(n=24):
    r = np.random.default_rng(0)
    return r.integers(0, 255, (n, 64, 64, 3), dtype=np.uint8), np.arange(n) % 3


def test_training_is_reproducible_and_augments():
    calls = []

    def run(**k):
        clf = make()
        h = train_classifier(
            clf,
            *data(),
            ClassifierTraining(epochs=2, batch=8, **k),
            lambda x, g: calls.append(x.shape) or x + 0.01 * torch.randn(x.shape, generator=g),
            progress=False,
        )
        assert [r["epoch"] for r in h] == [0, 1] and not clf.training
        return clf.head_weight

    torch.testing.assert_close(run(), run(), rtol=0, atol=0)
    assert len(calls) == 12 and not torch.equal(run(), run(seed=1))
    assert torch.isfinite(run(precision="bf16", eps=0.5, pgd_steps=1)).all()


@pytest.mark.parametrize(
    "bad", [dict(lr=0), dict(batch=-1), dict(eps=-1.0), dict(weight_decay=-1), dict(precision="fp64")]
)
def test_bad_training_settings(bad):
    with pytest.raises(ValueError, match=f"{list(bad)[0]}="):
        ClassifierTraining(**bad)


def test_bad_training_data():
    ims, y = data()
    with pytest.raises(ValueError, match="but 3 labels"):
        train_classifier(make(), ims, y[:3], progress=False)
    for wrong in (y - 1, y + 1):
        with pytest.raises(ValueError, match="leave unlabelled"):
            train_classifier(make(), ims, wrong, progress=False)
    with pytest.raises(FloatingPointError, match="lower lr"):
        train_classifier(make(), ims, y, ClassifierTraining(), lambda x, g: x * float("nan"), progress=False)


@pytest.mark.parametrize("widths, contiguous", [([8, 16], True), ([16, 32], False)])
def test_narrow_networks_never_see_channels_last(widths, contiguous):
    "The gradient of a strided 1 x 1 convolution with fewer than 16 channels, in channels_last, writes past its end (torch 2.13, CPU, threads that share a batch unevenly)."
    clf = Classifier(
        ResNetForImageClassification(
            ResNetConfig(
                embedding_size=widths[0], hidden_sizes=widths, depths=[1, 1], layer_type="basic", **K
            )
        ),
        LABELS,
    )
    seen = []
    next(m for m in clf.modules() if isinstance(m, torch.nn.Conv2d)).register_forward_pre_hook(
        lambda m, args: seen.append(args[0].is_contiguous())
    )
    clf(as_pixels(np.zeros((7, 32, 32, 3), np.uint8)))
    assert seen == [contiguous]
