"A chat server, and an environment that knows no other."

import pytest

from spurious_core.models.language.servers import Server
from support.chat_server import FakeServer


@pytest.fixture
def fake():
    s = FakeServer()
    yield s
    s.httpd.shutdown()
    s.httpd.server_close()


@pytest.fixture
def model(fake, tmp_path):
    return Server("m", fake.url, cache=tmp_path / "answers", timeout=5, retries=2)


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    for k in (
        "OPENAI_BASE_URL",
        "OPENAI_API_KEY",
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
    ):
        monkeypatch.delenv(k, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
