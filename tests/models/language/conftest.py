"A chat server, and an environment that knows no other."

import pytest

from spurious_core.models.language.servers import Server
from support.chat_server import forget_other_servers, running_server


@pytest.fixture
def fake():
    with running_server() as server:
        yield server


@pytest.fixture
def model(fake, tmp_path):
    return Server("m", fake.url, cache=tmp_path / "answers", timeout=5, retries=2)


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    forget_other_servers(monkeypatch, tmp_path / "xdg")
