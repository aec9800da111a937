"The grammar reads every caption of its world, and no other."

import json

import pytest

from spurious_core.data.manifests import sample
from spurious_core.data.vocabulary import PROPS
from spurious_core.data.worlds import get_world
from spurious_core.models.language.extraction import extract_phrases
from spurious_core.models.language.grammar import Grammar, read_caption
from spurious_core.models.language.protocol import (
    PHRASES,
    SYSTEM,
    NoAnswer,
)


@pytest.mark.parametrize("name", ["imagenet_like", "waterbirds", "d3s", "clean", "everything"])
def test_the_grammar_reads_every_true_caption(name):
    w = get_world(name)
    m = sample(w, 150, "train", seed=3, object_free=0.2)
    df = extract_phrases(m.prompt, m.object.fillna("thing"), Grammar())
    assert df.foreground.tolist() == [[PROPS[p]] if isinstance(p, str) else [] for p in m.prop]
    assert df.background.tolist() == [[s] for s in m.scene]
    assert all(a and [a] != b for a, b in zip(df.alternative, df.background, strict=True))
    assert df.alternative.nunique() > 5


def test_the_grammar_on_hair_and_on_mistakes():
    said = [
        "a photo of a blond woman in a forest",
        "a photo of a dark man in a forest",
        "a photo of an empty scene in a cave with flags",
        "a photo of a fish in a cave",
    ]
    df = extract_phrases(
        said, ["blond", "blond", "boat", "boat"], Grammar(), classes=["blond", "dark", "boat"]
    )
    assert df.foreground.tolist() == [["woman"], ["man"], ["flags"], ["fish"]]
    assert extract_phrases(said[-1:], ["boat"], Grammar(), classes=["boat", "fish"]).foreground.tolist() == [
        []
    ]  # an object of another class is no phrase
    assert read_caption("a photo of a faint boat at night with buoys") == dict(
        object="boat", scene="night", prop="buoy"
    )
    assert read_caption("a photo of a boat") is None
    with pytest.raises(NoAnswer):
        Grammar().ask(
            SYSTEM, json.dumps(dict(caption="a photo of a boat in water with", label="boat")), PHRASES
        )
    with pytest.raises(ValueError, match="one question only"):
        Grammar().ask("Which?", "{}", dict(type="object"))
    assert "no language model" in Grammar().name
    assert "no language model" in df.attrs["model"]
