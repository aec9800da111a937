"A random captioner says sentences of the world's grammar."

import pytest

from spurious_core.app.dry_run.random_captioners import random_captioner
from spurious_core.app.dry_run.sizes import SIZES
from spurious_core.core.files import checkpoint_hash
from spurious_core.data.manifests import draw, sample
from spurious_core.data.worlds import get_world
from spurious_core.models.captioners import load_captioner
from spurious_core.models.language.grammar import read_caption


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return random_captioner(tmp_path_factory.mktemp("captioner"), SIZES["tiny"])


def test_it_says_sentences_of_the_grammar(folder):
    captions = load_captioner(folder)(draw(sample(get_world("imagenet_like"), 12)))
    assert all(read_caption(caption) for caption in captions)


def test_it_depends_on_its_seed_alone(folder, tmp_path):
    again = random_captioner(tmp_path / "again", SIZES["tiny"])
    other = random_captioner(tmp_path / "other", SIZES["tiny"], seed=1)
    assert checkpoint_hash(again) == checkpoint_hash(folder) != checkpoint_hash(other)
