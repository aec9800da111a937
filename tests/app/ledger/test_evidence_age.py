"What has changed since a run: by its own record, by git, or unknown."

import json
import subprocess

import pytest

from spurious_core.app.ledger import evidence_age
from spurious_core.app.ledger.evidence_age import changed_rules, evidence_row, rules_at, say_changed
from spurious_core.core.provenance.source_rules import rules_digest

NOW = {"a.py": rules_digest("x = 1\n"), "b.py": rules_digest("y = 1\n"), "new.py": rules_digest("")}


def git(root, *words):
    name = ["-c", "user.name=A", "-c", "user.email=a@b"]
    done = subprocess.run(["git", "-C", str(root), *name, *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    "A repository whose first commit had another `b.py`, a comment less in `a.py`, and no `new.py`."
    package = tmp_path / "spurious_core"
    package.mkdir()
    git(tmp_path, "init", "-q")
    for a, b in (("x = 1  # ä\n", "y = 2\n"), ("x = 1\n", "y = 1\n")):
        (package / "a.py").write_text(a, encoding="utf-8")
        (package / "b.py").write_text(b, encoding="utf-8")
        git(tmp_path, "add", ".")
        git(tmp_path, "commit", "-qm", "c")
    (package / "new.py").touch()
    monkeypatch.setattr(evidence_age, "source_root", lambda: tmp_path)
    return tmp_path


def test_git_has_the_rules_of_a_commit(checkout):
    first, last = git(checkout, "rev-parse", "HEAD~1"), git(checkout, "rev-parse", "HEAD")
    assert changed_rules(rules_at(first, NOW), NOW) == ["b.py", "new.py"]
    assert changed_rules(rules_at(last, NOW), NOW) == ["new.py"]
    assert rules_at("0" * 40, NOW) is None


def test_without_git_it_is_not_known(tmp_path, monkeypatch):
    monkeypatch.setattr(evidence_age, "source_root", lambda: tmp_path)
    assert rules_at("0" * 40, NOW) is None
    monkeypatch.setattr(evidence_age, "source_root", lambda: None)
    assert rules_at("0" * 40, NOW) is None


def test_changes_in_words():
    assert changed_rules(dict(a="1", gone="1"), dict(a="1", new="1")) == ["gone", "new"]
    assert say_changed(None, 3) == "unknown"
    assert say_changed([], 3) == "the same"
    assert say_changed(["a"], 3) == "1 of 3 files changed or moved since"


@pytest.mark.parametrize(
    "recorded, says, known_by",
    [
        (NOW, "the same", "record"),
        (NOW | {"a.py": "0"}, "1 of 3 files changed or moved since", "record"),
        (None, "unknown", ""),
    ],
)
def test_a_run_that_wrote_its_rules_needs_no_git(tmp_path, monkeypatch, recorded, says, known_by):
    monkeypatch.setattr(evidence_age, "rules_of_notebook", lambda path: NOW)
    about = dict(parameters=dict(budget="full"), seconds=90, cores=2, commit="0" * 40, dirty=True)
    (tmp_path / "bar").mkdir()
    about |= {} if recorded is None else dict(rules=recorded)
    (tmp_path / "bar/environment.json").write_text(json.dumps(about), encoding="utf-8")
    row = evidence_row(tmp_path, "bar")
    assert (row["rules"], row["known_by"], row["minutes"]) == (says, known_by, 1.5)
    assert row["commit"] == "00000000 and changes"
