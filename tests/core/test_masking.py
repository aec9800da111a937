"Secrets are covered, by their place and by what they are; the rest of a text stays."

import pytest

from spurious_core.core.masking import masked, secrets_of


@pytest.mark.parametrize(
    "text, shown",
    [
        ("http://ann:pw@host/v1 and https://tok@h", "http://***@host/v1 and https://***@h"),
        ("Authorization: Bearer abc, basic dTpw.", "Authorization: Bearer ***, basic ***"),
        ("?a=1&api_key=xyz&b=2&token=t", "?a=1&api_key=***&b=2&token=***"),
        ("monkey=1, a caption at ann@host", "monkey=1, a caption at ann@host"),
    ],
)
def test_places_of_secrets(text, shown):
    assert masked(text) == shown


def test_known_secrets():
    key = "sk-0123456789abcdef/+"
    assert (
        masked(f"{key} {key.replace('/', '%2F').replace('+', '%2B')} {key[:10]} {key[10:]}", [key])
        == "*** *** *** ***"
    )
    assert masked("test the testing of a (test)", ["test", ""]) == "*** the testing of a (***)"
    assert masked("a.b axb", ["a.b"]) == "*** axb"


def test_secrets_of_an_address():
    assert set(secrets_of("http://u:p%40ss@h/v1?key=k%21&x=1")) == {"p%40ss", "p@ss", "k!", "dTpwQHNz"}
    assert secrets_of("http://h/v1?x=1") == []
    assert secrets_of("http://tok@h") == ["tok"]
    assert secrets_of("http://[bad") == []
