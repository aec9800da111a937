"The command: exit codes, one clear line for mistakes, and where things lie."

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from spurious_core.app.cli import app, parse_assignments
from spurious_core.app.metrics import Metrics
from spurious_core.app.studies import list_studies


def spurious(*args):
    return CliRunner().invoke(app, [str(a) for a in args])


def test_list_and_help():
    r = spurious("list")
    assert r.exit_code == 0
    assert all(n in r.output for n in list_studies())
    for cmd in ([], ["run"], ["describe"], ["list"]):
        assert "Usage" in spurious(*cmd, "--help").output


def test_describe(make_study):
    r = spurious("describe", make_study())
    assert r.exit_code == 0
    for word in ("A toy study.", "profile", "'mini'", "list[str]", "some words"):
        assert word in r.output


def test_run_says_where_things_lie(make_study, tmp_path, monkeypatch):
    study = make_study()
    monkeypatch.chdir(tmp_path)
    r = spurious("run", study, "-p", "scale=2", "--param", "seed=4", "--out", "results")
    assert r.exit_code == 0, r.output
    lines = [l.split() for l in r.stdout.splitlines()[-3:]]
    assert lines == [
        ["notebook", "results/toy.ipynb"],
        ["figures", "results/figures"],
        ["numbers", "results/metrics.json"],
    ]
    assert all((tmp_path / l[1]).exists() for l in lines)
    assert "scale" in r.output
    assert "2.000" in r.output
    assert Metrics.load("results")["scale"]["value"] == 2


@pytest.mark.parametrize(
    "args, message",
    [
        (["-p", "scal=1"], "known: profile, budget, seed, scale, tags"),
        (["-p", "seed=x"], "not of type int"),
        (["-p", "seed"], "NAME=VALUE"),
        (["-p", "=3"], "NAME=VALUE"),
        (["-p", "seed=1", "-p", "seed=2"], "given twice"),
        (["-p", "profile=big"], "known: mini, sd15"),
        (["-p", "budget="], "allowed: dry, smoke"),
    ],
)
def test_mistakes_are_one_line(make_study, tmp_path, args, message):
    r = spurious("run", make_study(), "--out", tmp_path / "run", *args)
    assert r.exit_code == 2
    assert r.output.startswith("error: ")
    assert message in r.output
    assert len(r.output.splitlines()) == 1


@pytest.mark.parametrize(
    "args", [["describe", "nonsense"], ["run", "nonsense"], ["describe", "/nowhere/x.ipynb"]]
)
def test_unknown_study(args):
    r = spurious(*args)
    assert r.exit_code == 2
    assert "there is no study" in r.output
    assert "Traceback" not in r.output


def test_a_failed_run_is_exit_code_1(make_study, tmp_path):
    r = spurious("run", make_study("1/0"), "--out", tmp_path / "run")
    assert r.exit_code == 1
    assert "ZeroDivisionError" in r.output
    assert "Traceback" not in r.output
    assert (tmp_path / "run/toy.ipynb").is_file()


def test_output_folder_that_is_a_file(make_study, tmp_path):
    (tmp_path / "file").write_text("")
    r = spurious("run", make_study(), "--out", tmp_path / "file")
    assert r.exit_code == 1
    assert "error: " in r.output
    assert "Traceback" not in r.output


def test_values_keep_their_equals_signs():
    assert parse_assignments(["a=b=c", "d="]) == {"a": "b=c", "d": ""}


def test_as_a_process(make_study, tmp_path):
    code = "from spurious_core.app.cli import app; app()"
    r = subprocess.run(
        [sys.executable, "-c", code, "run", make_study(), "-p", "scal=1"], capture_output=True, text=True
    )
    assert r.returncode == 2
    assert r.stdout == ""
    assert r.stderr.startswith("error: ")
    assert "Traceback" not in r.stderr
