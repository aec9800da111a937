"What several test files of this room build once."

import shutil

import pytest

from support.published import publish
from support.resnets import settled_resnet50


@pytest.fixture(scope="session")
def published(tmp_path_factory):
    "Folder of a published-style pipeline, the pipeline itself, and the other one that its fp16 files hold."
    folder = tmp_path_factory.mktemp("published") / "sd"
    return folder, *publish(folder)


@pytest.fixture
def folder(published, tmp_path):
    "A copy of the published folder that a test may spoil."
    return shutil.copytree(published[0], tmp_path / "sd")


@pytest.fixture(scope="session")
def resnet50():
    "A ResNet-50 of the real size, with torchvision's names."
    return settled_resnet50()
