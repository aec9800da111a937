"A call has a deadline, and a question one server."

import threading

import httpx2
import pytest

from spurious_core.models.language.connections import Connection, Limits, OutOfTime, same_server


@pytest.mark.parametrize(
    "url, same",
    [
        ("http://host/other", True),
        ("http://HOST:80/v1", True),
        ("https://host/v1", True),
        ("http://host:8000/v1", False),
        ("http://host.evil/v1", False),
        ("http://host@evil/v1", False),
        ("https://host:444/v1", False),
    ],
)
def test_the_same_server(url, same):
    assert same_server(httpx2.URL("http://host/v1"), httpx2.URL(url)) == same


def test_https_is_never_left():
    assert not same_server(httpx2.URL("https://host/v1"), httpx2.URL("http://host/v1"))


def test_a_call_returns_raises_or_ends():
    connection = Connection("http://host/v1", Limits(deadline=0.2))
    assert connection.call(lambda: 3) == 3
    with pytest.raises(ZeroDivisionError):
        connection.call(lambda: 1 / 0)
    never = threading.Event()
    with pytest.raises(OutOfTime):
        connection.call(never.wait)
    never.set()
