"Profiles, overrides and names on the hub: what can go wrong."

import json
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

import spurious_core
from spurious_core.core.settings import is_hub_id, load_profile, settings_file, source_root, split_revision


@pytest.fixture(autouse=True)
def no_overrides(monkeypatch):
    for k in list(os.environ):
        if k.startswith("SPURIOUS_"):
            monkeypatch.delenv(k)


def edited(tmp_path, **changes):
    "A settings file with one profile, `mini` with changes; None drops the line."
    import configparser

    ini = configparser.ConfigParser()
    ini.read(settings_file())
    for section in set(ini.sections()) - {"mini"}:
        ini.remove_section(section)
    for k, v in changes.items():
        ini.remove_option("mini", k) if v is None else ini.set("mini", k, v)
    with (tmp_path / "settings.ini").open("w") as f:
        ini.write(f)
    return tmp_path / "settings.ini"


def test_the_package_carries_the_root_file():
    assert (Path(spurious_core.__file__).parent / "settings.ini").read_text() == (
        source_root() / "settings.ini"
    ).read_text()


def test_the_root_file_warns_about_migration():
    head = settings_file().read_text().split("[mini]")[0]
    assert "NOT nbdev" in head and "nbdev-migrate-config" in head


@pytest.mark.parametrize("name", ["mini", "sd15"])
def test_profiles_load(name):
    p = load_profile(name)
    assert p.name == name and len(p.jury) >= 4 and p.guide not in p.jury


def test_mini_paths_are_inside_the_package():
    p = load_profile()
    assert Path(p.pipeline) == Path(spurious_core.__file__).parent / "mini" / "pipeline"


def test_overrides(monkeypatch):
    monkeypatch.setenv("SPURIOUS_GUIDANCE", "7")
    monkeypatch.setenv("SPURIOUS_JURY", "a/b, c/d")
    p = load_profile()
    assert p.guidance == 7.0 and p.jury == ("a/b", "c/d")


@pytest.mark.parametrize(
    "name, value, message",
    [
        ("SPURIOUS_GUIDANC", "3", "unknown field 'guidanc'; known: .*guidance"),
        ("SPURIOUS_RESOLUTION", "64.5", "not of type int"),
        ("SPURIOUS_GUIDANCE", "strong", "not of type float"),
        ("SPURIOUS_DEVICE", "tpu", "cuda:N"),
        ("SPURIOUS_NAME", "x", "unknown field"),
    ],
)
def test_bad_overrides(monkeypatch, name, value, message):
    monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match=message):
        load_profile()


@pytest.mark.parametrize(
    "changes, message",
    [
        (dict(resolution="63"), "multiple of 8"),
        (dict(sampler_steps="0"), "at least 1"),
        (dict(guidance="nan"), "finite"),
        (dict(guidance="-1"), "at least 0"),
        (dict(precision="int8"), "fp32, bf16, fp16"),
        (dict(dpi="1"), "at least 20"),
        (dict(jury="x/y, x/y"), "repetitions"),
        (dict(jury=",,,"), "jury=',,,' has a comma without a name; leave it empty for none"),
        (dict(jury="x/y,, a/b"), "has a comma without a name"),
        (dict(guide="x/y", jury="x/y"), "without the guide"),
        (dict(sampler="ddim"), "unknown field 'sampler'; known: pipeline"),
        (dict(world=None, scene=None), "missing scene, world"),
    ],
)
def test_bad_files(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        load_profile(file=edited(tmp_path, **changes))


def test_unknown_profile_and_missing_or_broken_file(tmp_path):
    with pytest.raises(ValueError, match="unknown profile 'big'; known: mini, mini_permuted, mini_flow"):
        load_profile("big")
    with pytest.raises(FileNotFoundError, match="no settings file"):
        load_profile(file=tmp_path / "none.ini")
    for content in (b"pipeline = x\n", "[mini]\nworld = \u00e9\n".encode("latin-1"), b"\xff\xfe"):
        (tmp_path / "broken.ini").write_bytes(content)
        with pytest.raises(ValueError, match="broken.ini is not a settings file: [^\n]*$"):
            load_profile(file=tmp_path / "broken.ini")


def test_a_byte_order_mark_is_no_part_of_a_settings_file(tmp_path):
    file = edited(tmp_path, resolution="128")
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert load_profile(file=file).resolution == 128


@pytest.mark.parametrize("bad", [None, 3, 1.5, ["mini"], b"mini"])
def test_what_is_no_name_of_a_profile_or_of_a_file_is_named(bad):
    with pytest.raises(ValueError, match="profile=.* must be a text"):
        load_profile(bad)
    if bad is not None:
        with pytest.raises(ValueError, match="file=.* must be the path of a settings file"):
            load_profile("mini", bad)


def test_every_hub_id_of_sd15_is_pinned_to_a_commit():
    p = load_profile("sd15")
    ids = [p.pipeline, p.inpaint, p.tiny_decoder, p.captioner, p.instruct, *p.jury, *p.segmenter.split(" + ")]
    assert len(ids) == 11 and all(
        is_hub_id(i) and re.fullmatch("[0-9a-f]{40}", split_revision(i)[1] or "") for i in ids
    )


def test_defaults_need_no_line(tmp_path):
    assert load_profile(file=edited(tmp_path, device=None, precision=None, dpi=None)).precision == "fp32"


def test_a_profile_in_a_file_of_ones_own(tmp_path):
    file = edited(tmp_path, resolution="128")
    assert load_profile(f"{file}:mini").resolution == 128 and load_profile(f"{file}:mini").name == "mini"
    with pytest.raises(ValueError, match="unknown profile 'big'; known: mini"):
        load_profile(f"{file}:big")
    with pytest.raises(FileNotFoundError, match="no settings file"):
        load_profile(f"{tmp_path}/other.ini:mini")


def test_a_profile_may_say_only_what_differs_from_another(tmp_path, monkeypatch):
    file = edited(tmp_path)
    text = file.read_text()
    file.write_text(
        text + "\n[big]\nbased_on = mini\nresolution = 128\n[bigger]\nbased_on = big\nguidance = 9\n"
    )
    mini, bigger = load_profile(file=file), load_profile("bigger", file)
    assert (bigger.name, bigger.resolution, bigger.guidance) == ("bigger", 128, 9.0)
    assert (bigger.pipeline, bigger.jury, bigger.sampler_steps) == (
        mini.pipeline,
        mini.jury,
        mini.sampler_steps,
    )
    monkeypatch.setenv("SPURIOUS_GUIDANCE", "2")
    assert load_profile("bigger", file).guidance == 2.0


@pytest.mark.parametrize(
    "sections, message",
    [
        ("[big]\nbased_on = small\n", r"\[big\] based_on: unknown profile 'small'; known: mini, big"),
        ("[big]\nbased_on = big\n", r"\[big\] is based on itself, by way of big"),
        ("[a]\nbased_on = big\n[big]\nbased_on = a\n", r"\[big\] is based on itself, by way of big and a"),
        ("[a]\nsampler = ddim\n[big]\nbased_on = a\n", r"\[a\]: unknown field 'sampler'; known: pipeline"),
        ("[big]\nguide = x\n", r"\[big\]: missing pipeline, tiny_decoder"),
        ("[big]\nbased_on = mini ; small\n", "based_on='mini ; small' must be one name; a comment"),
        ("[big]\nbased_on = mini\n  device = cpu\n", r"based_on='mini\\ndevice = cpu' must be one name"),
        ("[big]\nbased_on = mini\npipeline = a\n  b\n", r"pipeline='a\\nb' must be one line"),
        ("[big]\nbased_on = mini\npipeline = a\0b\n", r"pipeline='a\\x00b' must be one line"),
        ("[big]\nbased_on = mini\nguidance = nan\n", "profile 'big': guidance=nan"),
        ("[big]\ndpi = 30\n[big]\ndpi = 40\n", "section 'big' already exists"),
        ("[big]\ndpi = 30\ndpi = 40\n", "option 'dpi' in section 'big' already exists"),
    ],
)
def test_bad_bases_and_doubled_sections(tmp_path, sections, message):
    file = edited(tmp_path)
    file.write_text(file.read_text() + "\n" + sections)
    with pytest.raises(ValueError, match=message):
        load_profile("big", file)


def test_a_file_of_ones_own_may_be_based_on_the_projects_profiles(tmp_path):
    file = tmp_path / "my.ini"
    file.write_text("[mine]\nbased_on = mini\nsampler_steps = 7\n")
    mine, mini = load_profile(f"{file}:mine"), load_profile("mini")
    assert (mine.sampler_steps, mine.pipeline, mine.jury) == (7, mini.pipeline, mini.jury)
    file.write_text("[mini]\nbased_on = sd15\n[mine]\nbased_on = mini\n")  # its own sections go first
    assert load_profile(f"{file}:mine").pipeline == load_profile("sd15").pipeline


def test_a_file_without_a_section_is_no_profile(tmp_path):
    file = edited(tmp_path)
    with pytest.raises(ValueError, match=f"profile='{file}' names no section; write {file}:SECTION"):
        load_profile(str(file))
    with pytest.raises(ValueError, match=rf"{file}: unknown profile 'minni'; known: mini"):
        load_profile(f"{file}:minni")


def test_profiles_of_other_families_are_judged_as_sd15_is():
    sd15 = load_profile("sd15")
    for name in ("sdxl", "sd35", "z_image"):
        profile = load_profile(name)
        assert (profile.guide, profile.jury, profile.segmenter) == (sd15.guide, sd15.jury, sd15.segmenter)
        assert profile.pipeline != sd15.pipeline and profile.resolution == 1024


def test_a_jury_may_be_empty_or_end_its_lines_with_commas(monkeypatch):
    monkeypatch.setenv("SPURIOUS_JURY", " ")
    assert load_profile().jury == ()
    monkeypatch.setenv("SPURIOUS_JURY", "a/b,\nc/d, e/f,\n")
    assert load_profile().jury == ("a/b", "c/d", "e/f")


@pytest.mark.parametrize(
    "bad, said",
    [
        (dict(jury="a/b"), "jury='a/b' must be a tuple of texts"),
        (dict(jury=("",)), "must be a text that says something"),
        (dict(guide=None), "guide=None must be a text; an empty one means that there is none"),
    ],
)
def test_a_profile_that_is_made_by_hand_is_checked_too(bad, said):
    with pytest.raises(ValueError, match=said):
        replace(load_profile(), **bad)


def test_the_second_generator_differs_from_the_first_in_what_draws_alone():
    first, second = load_profile("mini"), load_profile("mini_flow")
    changed = {name for name, value in vars(first).items() if getattr(second, name) != value}
    assert changed == {"name", "pipeline", "inpaint"}
    index = json.loads((Path(second.pipeline) / "model_index.json").read_text(encoding="utf-8"))
    assert index["_class_name"] == "StableDiffusion3Pipeline"


def test_the_embedded_checkpoints_stay_small():
    "A symbolic link is the same file."
    mini = Path(spurious_core.__file__).parent / "mini"
    files = [path for path in mini.rglob("*") if path.is_file() and not path.is_symlink()]
    assert sum(path.stat().st_size for path in files) < 65e6
