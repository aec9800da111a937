"What the tests of the class-wise method share: a kit, a target found in its world, and the same as files."

from dataclasses import replace

import pytest

from spurious_core.core.settings import load_profile
from spurious_core.papers.class_wise.kit import load_kit
from spurious_core.papers.class_wise.own_folder import own_target
from spurious_core.papers.class_wise.target import find_target
from support.own_pictures import write_own_folder


@pytest.fixture(scope="session")
def bare_profile():
    "The mini profile without a world and without anything that sees the object."
    nothing = dict(world="", presence="", scene="", segmenter="", null_guide="")
    return replace(load_profile("mini"), name="less", **nothing)


@pytest.fixture(scope="session")
def world_kit():
    return load_kit("mini")


@pytest.fixture(scope="session")
def planted(world_kit):
    return find_target(world_kit, "landbird", n_train=160, n_refs=8)


@pytest.fixture(scope="session")
def own_folder(planted, world_kit, tmp_path_factory):
    return write_own_folder(tmp_path_factory.mktemp("own"), world_kit.world, planted)


@pytest.fixture(scope="session")
def kit(own_folder, bare_profile):
    return load_kit(bare_profile, own_folder)


@pytest.fixture(scope="session")
def target(kit):
    return own_target(kit, "landbird")
