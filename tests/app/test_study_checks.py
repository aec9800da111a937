"What stands in the way of a run is said before anything starts."

import re
import subprocess
import sys

import numpy as np
import pytest

from spurious_core.app.dry_run.study_needs import STUDIES
from spurious_core.app.studies import find_study, list_studies
from spurious_core.app.study_checks import check_study
from spurious_core.models.loading import save_classifier
from support.networks import small_classifier
from support.own_pictures import put_empty_files, put_pictures
from support.real_pictures import need_photographs_of
from support.toy_study import PARAMETERS


@pytest.mark.parametrize("name", list_studies())
def test_every_study_can_run_as_it_comes(name):
    need_photographs_of(name)
    assert check_study(find_study(name), dict(budget="smoke")) == dict(budget="smoke")


def problems(name, **params):
    with pytest.raises(ValueError, match=f"{name} can't run: ") as error:
        check_study(find_study(name), params)
    assert "\n" not in str(error.value)
    return str(error.value).partition(": ")[2].split("; ")


@pytest.mark.parametrize(
    "name, parameter",
    [
        ("class_wise_spurious_generation", "folder"),
        ("mitigation_benchmark", "root"),
        ("d3s", "foregrounds"),
        ("d3s", "backgrounds"),
    ],
)
def test_a_missing_folder(name, parameter, tmp_path):
    (tmp_path / "file").write_text("")
    for place in ("/no/such", str(tmp_path / "file")):
        assert problems(name, **{parameter: place}) == [f"{parameter}={place!r} is no folder"]


def class_folders(root, *labels, n=5):
    for label in labels:
        put_pictures(root / label, np.zeros((n, 16, 16, 3), np.uint8))
    return str(root)


@pytest.mark.parametrize(
    "name, parameter, why",
    [
        ("class_wise_spurious_generation", "folder", "has no landbird/references, landbird/empty"),
        ("similarity_loss_forms", "folder", "has no landbird/references, landbird/empty"),
        ("mitigation_benchmark", "root", "Waterbirds: expected metadata.csv or"),
        ("d3s", "backgrounds", "backgrounds: expected the folder"),
        ("d3s", "foregrounds", "needs at least three classes"),
    ],
)
def test_a_folder_in_another_layout(name, parameter, why, tmp_path):
    folder = class_folders(tmp_path / "own", "landbird", "waterbird")
    given = {parameter: folder} | (dict(world="waterbirds") if name == "mitigation_benchmark" else {})
    assert why in "; ".join(problems(name, **given))


def test_a_classifier_of_ones_own(tmp_path, monkeypatch):
    folder = str(tmp_path)
    assert problems("aspire", folder=folder)[0].startswith("folder and classifier belong together")
    assert problems("ddb", classifier=str(tmp_path / "none"))[0] == (
        f"classifier: {tmp_path / 'none'} (no such file or folder)"
    )
    assert "lacks config.json, weights" in problems("aspire", folder=folder, classifier=folder)[0]
    check_study(find_study("mitigation_benchmark"), dict(backbone="no-one/has-this"))  # would be downloaded
    monkeypatch.setattr("huggingface_hub.is_offline_mode", lambda: True)
    offline = problems("mitigation_benchmark", backbone="no-one/has-this")
    assert "HF_HUB_OFFLINE forbids downloading it" in offline[0]


@pytest.mark.parametrize("name", ["class_wise_spurious_generation", "similarity_loss_forms", "speed"])
def test_a_class_wise_folder_with_too_few_pictures(name, tmp_path):
    put_empty_files(tmp_path / "house")
    given = dict(folder=str(tmp_path))
    assert check_study(find_study(name), given) == given
    put_empty_files(tmp_path / "house", empty=1)
    [said] = problems(name, **given)
    assert "house/empty holds 1 pictures" in said and said.endswith("and 3 are needed")
    (tmp_path / "mug").mkdir()
    assert "has no mug/references, mug/empty, mug/train" in problems(name, **given)[0]
    put_empty_files(tmp_path / "mug")
    assert "pipeline, segmenter of profile 'mini' know the rendered world only" in problems(name, **given)[0]


def birds_classifier(folder, *labels):
    clf = small_classifier()
    clf.labels = list(labels)
    return str(save_classifier(clf, folder))


@pytest.mark.parametrize("name", ["aspire", "ddb"])
def test_a_classifier_that_knows_the_folders_classes_or_not(name, tmp_path):
    folder = class_folders(tmp_path / "own", "landbird", "waterbird")
    knows = birds_classifier(tmp_path / "knows", "landbird, Terraves", "Waterbird", "boat")
    given = dict(folder=folder, classifier=knows)
    assert check_study(find_study(name), given) == given
    other = birds_classifier(tmp_path / "other", "landbird", "fish", "boat")
    assert "class 'waterbird' is unknown to other" in problems(name, folder=folder, classifier=other)[0]
    one = class_folders(tmp_path / "one", "landbird")
    assert "all pictures are landbird; at least two" in "; ".join(
        problems(name, folder=one, classifier=knows)
    )
    mugs = class_folders(tmp_path / "mugs", "mug", "temple")
    assert "know the rendered world only" in problems(name, folder=mugs, classifier=knows)[0]


def test_a_mitigation_folder_of_one_class(tmp_path):
    places = [class_folders(tmp_path / "own" / split, "mug") for split in ("train", "val", "test")]
    assert len(places) == 3
    given = dict(root=str(tmp_path / "own"), world="imagefolder")
    assert "all pictures are mug" in "; ".join(problems("mitigation_benchmark", **given))


def test_what_a_profile_lacks(monkeypatch, tmp_path):
    monkeypatch.setenv("SPURIOUS_GUIDE", "/no/such.safetensors")
    for name in [name for name in list_studies() if not STUDIES[name].photographs]:
        takes = {"guide"} & {*STUDIES[name].fields, *STUDIES[name].rendered}
        if takes:
            said = "profile 'mini': guide: /no/such.safetensors (no such file or folder)"
            assert problems(name) == [said]
        else:
            check_study(find_study(name), {})
    monkeypatch.delenv("SPURIOUS_GUIDE")
    monkeypatch.setenv("SPURIOUS_WORLD", "")
    said = "profile 'mini' names no world, so set SPURIOUS_WORLD or give pictures of your own"
    assert problems("speed") == [said] == problems("d3s", foregrounds=str(tmp_path))
    put_empty_files(tmp_path / "own" / "landbird")
    check_study(find_study("speed"), dict(folder=str(tmp_path / "own")))
    monkeypatch.setenv("SPURIOUS_CAPTIONER", "")
    assert problems("aspire") == ["profile 'mini' names no captioner, so set SPURIOUS_CAPTIONER"]


def test_generators_whose_pipelines_are_not_there(monkeypatch, tmp_path):
    settings = tmp_path / "own.ini"
    settings.write_text(
        "[lost]\nbased_on = mini\npipeline = /no/such\n[hub]\nbased_on = mini\npipeline = no/one\n"
    )
    lost, hub = f"{settings}:lost", f"{settings}:hub"
    said = "profile 'lost': pipeline: /no/such (no such file or folder)"
    assert problems("which_generator", generators=["mini", lost]) == [said]
    check_study(find_study("which_generator"), dict(generators=["mini", hub]))  # would be downloaded
    monkeypatch.setattr("huggingface_hub.is_offline_mode", lambda: True)
    assert "pipeline: no/one is not in the hub cache" in problems("which_generator", generators=[hub])[0]


def test_absent_photographs_are_named_in_one_line(monkeypatch, tmp_path):
    monkeypatch.setenv("SPURIOUS_REAL", str(tmp_path))
    said = problems("real_spurious_features", profile="mini")[-1]
    assert said.startswith("no spurious_tiles, imagenet_one_each") and "SPURIOUS_REAL names" in said


def test_required_fields_are_fields():
    for name, needs in STUDIES.items():
        assert {*needs.required} <= {*needs.fields}, name


def test_of_a_foreign_notebook_only_its_parameters_are_known(make_study, monkeypatch):
    monkeypatch.setenv("SPURIOUS_GUIDE", "/no/such")
    study = find_study(make_study(parameters=PARAMETERS + '\nfolder: str = ""', name="aspire"))
    check_study(study, {})
    with pytest.raises(ValueError, match="aspire can't run: folder='/no/such' is no folder$"):
        check_study(study, dict(folder="/no/such"))


@pytest.mark.parametrize(
    "name, given, problem",
    [
        ("mitigation_benchmark", dict(world="nowhere"), "world='nowhere' is unknown; allowed: waterbirds"),
        ("mitigation_benchmark", dict(methods=["ERM", 2]), "method=2 is unknown; allowed: ERM"),
        ("ffr", dict(world="things"), "world='things' is unknown; allowed: waterbirds"),
        ("ffr", dict(ratios=[1.5]), "ratio=1.5 must lie in [0.5, 1)"),
        ("aspire", dict(worlds=["moon"]), "worlds='mini_moon' is unknown"),
        (
            "class_wise_spurious_generation",
            dict(classes=["dragon"]),
            "classes ['dragon']: nothing is planted",
        ),
        ("class_wise_spurious_generation", dict(arms=["sfls"]), "unknown arm 'sfls'; known: base"),
        ("class_wise_spurious_generation", dict(steps=-5), "steps=-5 must be at least 0"),
        ("similarity_loss_forms", dict(classes=["dragon"]), "classes ['dragon']: nothing is planted"),
        ("d3s", dict(classes=["dragon", "cow", "boat"]), "world d3s: unknown class 'dragon'; known"),
        ("d3s", dict(strength=1.5), "strength=1.5 must lie in (0, 1]"),
        ("ddb", dict(worlds=["moon"]), "unknown world 'moon'; known: birds"),
        ("ddb", dict(lr=-0.1), "lr=-0.1 must be at least 0"),
        ("mitigation_benchmark", dict(selection="luck"), "selection='luck' is unknown"),
        ("discovery_benchmark", dict(parts=-3), "parts=-3 must be at least 0"),
        ("discovery_benchmark", dict(part=1), "parts=1, part=1: allowed are at budget quick 1 to 3 parts"),
        ("ddb", dict(runs="/no/such"), "runs='/no/such' is no folder"),
        ("ddb", dict(runs="/usr/bin"), "runs='/usr/bin' is no sweep: it has no sweep.json"),
        ("ffr", dict(seeds=-1), "seeds=-1 must be at least 0"),
        ("ffr", dict(ratios=[0.9, "a"]), "ratio='a' must lie in [0.5, 1)"),
        ("ffr", dict(ratios=[0.9, [0.95]]), "ratio=[0.95] must lie in [0.5, 1)"),
        ("d3s", dict(sampler="foo"), "sampler='foo' is unknown; allowed: dpmsolver++, ddim"),
        ("d3s", dict(sampler="ddim", profile="mini_flow"), "sampler='ddim' is unknown; allowed: euler"),
        ("mitigation_benchmark", dict(methods=["ddb"]), "waterbirds_hard: DDB needs generated"),
        ("mitigation_benchmark", dict(methods=["DDB"], world="digits"), "digits by colour: DDB needs"),
        ("mitigation_benchmark", dict(size=1), "size=1 must be a positive multiple of 64"),
        ("mitigation_benchmark", dict(size=8192), "size=8192 must be a positive multiple of 64"),
        ("aspire", dict(worlds=[3]), "worlds=(3,): one=3 must be a text"),
        (
            "which_generator",
            dict(generators=[["mini"]]),
            "generators=(['mini'],): one=['mini'] must be a text",
        ),
    ],
)
def test_words_that_a_studys_plan_does_not_know(name, given, problem):
    with pytest.raises(ValueError, match=re.escape(f"{name} can't run: {problem}")):
        check_study(find_study(name), given)


LISTED = dict(
    aspire=dict(worlds=["waterbirds", "mini_waterbirds"], methods=["ERM", "erm"]),
    class_wise_spurious_generation=dict(classes=["cow", "cow"], arms=["base", "sfsl", "base"]),
    d3s=dict(classes=["cow", "boat", "fish", "cow"]),
    ddb=dict(worlds=["birds", "birds"]),
    ffr=dict(ratios=[0.9, 0.95, 0.9], methods=["Group DRO", "groupdro"]),
    mitigation_benchmark=dict(methods=["cvar", "DFR", "CVaR-DRO"]),
    similarity_loss_forms=dict(classes=["tree", "tree"]),
    which_generator=dict(generators=["mini", "mini_flow", "mini"]),
)


@pytest.mark.parametrize("name", list_studies())
def test_every_list_refuses_what_stands_there_twice(name):
    lists = {each for each, parameter in find_study(name).parameters.items() if parameter.type == "list"}
    doubled = LISTED.get(name, {})
    assert lists == set(doubled)
    for parameter, values in doubled.items():
        found = problems(name, **{parameter: values})
        assert len(found) == 1 and found[0].startswith(f"{parameter}={values!r}: "), found
        assert found[0].endswith(" stands there twice")


SINGULAR = dict(classes="class")


@pytest.mark.parametrize("odd", [3, None, True, ["a"], {"a": 1}])
@pytest.mark.parametrize("name", LISTED)
def test_every_list_refuses_entries_of_a_wrong_kind(name, odd):
    for parameter, values in LISTED[name].items():
        found = problems(name, **{parameter: [values[0], odd]})[0]
        assert repr(odd) in found and SINGULAR.get(parameter, parameter.removesuffix("s")) in found


def test_with_a_root_the_world_is_a_reader(tmp_path):
    for split in ("train", "val", "test"):
        class_folders(tmp_path / split, "cat", "dog", n=1)
    given = dict(root=str(tmp_path), world="imagefolder")
    assert check_study(find_study("mitigation_benchmark"), given) == given
    with pytest.raises(ValueError, match="world='imagefolder' is unknown"):
        check_study(find_study("mitigation_benchmark"), dict(world="imagefolder"))


WAITED_FOR = """
import sys

from spurious_core.app.studies import find_study, list_studies
from spurious_core.app.study_checks import check_study

for name in list_studies():
    try:
        check_study(find_study(name), {})
    except ValueError as error:
        assert "photographs" in str(error), error
print(*sys.modules)
"""


def test_no_check_waits_for_the_libraries_that_only_the_study_needs():
    "Each takes seconds to import, and a check is to take two."
    done = subprocess.run([sys.executable, "-c", WAITED_FOR], capture_output=True, text=True, check=True)
    imported = set(done.stdout.split())
    assert "spurious_core.papers.mitigation.planning" in imported
    late = {"diffusers", "transformers", "peft", "captum", "sklearn", "scipy.stats", "seaborn.palettes"}
    assert sorted(late & imported) == []
