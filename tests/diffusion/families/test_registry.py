"The family of a pipeline is found from its class, or from its folder."

import json
import re

import pytest

from spurious_core.diffusion.families.registry import families_table, family_of, find_families
from support.notebooks import ROOT


def test_every_family_is_found_by_its_file_and_knows_other_classes():
    families = find_families()
    assert {name: family.name for name, family in families.items()} == {name: name for name in families}
    classes = [name for family in families.values() for name in family.pipelines]
    assert len(classes) == len(set(classes)) >= len(families)


def test_a_derived_class_belongs_to_the_family_of_its_base(tiny_pipeline):
    class Own(type(tiny_pipeline)):
        pass

    derived = Own(**tiny_pipeline.components, requires_safety_checker=False)
    assert family_of(derived) is family_of(tiny_pipeline)


def test_an_unknown_kind_is_refused_with_the_known_ones(tmp_path):
    (tmp_path / "model_index.json").write_text(json.dumps(dict(_class_name="KandinskyPipeline")))
    with pytest.raises(ValueError, match="KandinskyPipeline belongs to no known family .*known: .*sd "):
        family_of(tmp_path)
    with pytest.raises(ValueError, match="int belongs to no known family"):
        family_of(3)
    with pytest.raises(
        FileNotFoundError, match="nowhere is no folder of a pipeline; load_pipeline also reads"
    ):
        family_of(tmp_path / "nowhere")


# what builds pipelines, or rewrites the public recipe to be measured beside ours, has to know their parts
BUILDERS = (
    "app/dry_run/random_pipelines.py",
    "app/dry_run/public_models.py",
    "app/dry_run/sizes.py",
    "app/speed/plain_recipe.py",
)
PARTS = re.compile(r"\b(unet|text_encoder(_\d)?|alphas_cumprod|(?!Diffusion)\w+Pipeline)\b")


def test_nothing_outside_of_this_folder_knows_what_pipelines_are_made_of():
    package = ROOT / "spurious_core"
    for path in package.rglob("*.py"):
        where = path.relative_to(package).as_posix()
        if where.startswith("diffusion/families/") or where in (*BUILDERS, "_modidx.py"):
            continue
        lines = [line for line in path.read_text().splitlines() if "@renamed_arguments" not in line]
        found = [line for line in lines if PARTS.search(line)]
        assert not found, f"{where}: {found}"


def test_the_table_says_what_families_say_of_themselves():
    table = families_table()
    assert list(table.index) == list(find_families())
    assert table.loc["sd", "draws"] == "text2img, img2img, inpaint, instruct"
    assert (table.loc["pixart", "text_lora"], table.loc["pixart", "new_words"]) == ("no", "no")
    assert table.loc["sdxl", "samplers"].startswith("dpmsolver++, ddim")
