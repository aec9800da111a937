"The command: exit codes, one clear line for mistakes, and where things lie."

import signal
import subprocess
import sys

import psutil
import pytest
from typer.testing import CliRunner

from spurious_core.app.cli import app
from spurious_core.app.metrics import Metrics
from spurious_core.app.parameters import parse_assignments
from spurious_core.app.studies import list_studies
from support.waiting import wait_for


def spurious(*args):
    return CliRunner().invoke(app, [str(a) for a in args])


def test_list_and_help():
    r = spurious("list")
    assert r.exit_code == 0
    assert all(n in r.output for n in list_studies())
    for cmd in ([], ["run"], ["describe"], ["list"], ["sweep"], ["table"], ["report"]):
        assert "Usage" in spurious(*cmd, "--help").output


def test_describe(make_study):
    r = spurious("describe", make_study())
    assert r.exit_code == 0
    for word in ("A toy study.", "profile", "'mini'", "list[str]", "some words"):
        assert word in r.output


def test_run_says_where_things_lie(make_study, tmp_path, monkeypatch):
    study = make_study()
    monkeypatch.chdir(tmp_path)
    r = spurious("run", study, "-p", "scale=2", "--param", "seed=4", "--out", "results", "--trust")
    assert r.exit_code == 0, r.output
    ran, found, look = r.stdout.splitlines()
    assert ran.startswith("toy ran at budget quick with profile mini in ")
    assert found == "Its first numbers: scale 2.00."
    assert look == "Look at results/toy.ipynb and results/figures; results/metrics.json has all 1 numbers."
    assert "results go to results" in r.stderr
    assert Metrics.load("results")["scale"]["value"] == 2
    r = spurious("run", study, "-p", "scale=3", "--out", "results", "--trust", "--verbose")
    assert r.stdout.splitlines()[1].split() == ["scale", "3.000"]


def test_a_foreign_notebook_wants_trust(make_study, tmp_path):
    touched = tmp_path / "touched"
    study = make_study(f"open({str(touched)!r}, 'w').close()")
    r = spurious("run", study, "--out", tmp_path / "run")
    assert r.exit_code == 2
    assert "is no study of ours" in r.output and "--trust" in r.output
    assert len(r.output.splitlines()) == 1
    assert not touched.exists() and not (tmp_path / "run").exists()


def test_checking_runs_nothing(make_study, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    r = spurious("run", make_study("1/0"), "--check", "-p", "seed=3")
    assert (r.exit_code, r.output) == (0, "toy can run here with these parameters\n")
    r = spurious("run", "d3s", "--check", "-p", "foregrounds=/no/such")
    assert (r.exit_code, r.output) == (2, "error: d3s can't run: foregrounds='/no/such' is no folder\n")
    assert spurious("run", "d3s", "--check", "-p", "budget=dry").exit_code == 2
    r = spurious("run", make_study("1/0"), "--check", "--out", "/proc/runs")
    assert r.exit_code == 1 and "cannot write /proc/runs: " in r.output
    assert not (tmp_path / "_runs").exists()


SLOW = {"torch", "pandas", "nbformat", "papermill", "diffusers", "transformers", "matplotlib", "IPython"}
LOADED = """
import sys
from typer.testing import CliRunner
from spurious_core.app.cli import app
result = CliRunner().invoke(app, sys.argv[1:])
assert result.exit_code in (0, 2), result.output
print(*sys.modules)
"""


@pytest.mark.parametrize(
    "args",
    [
        "--help",
        "run --help",
        "list",
        "describe aspire",
        "run aspire --check -p folder=/no/such",
        "run none",
        "sweep --help",
    ],
)
def test_who_only_asks_does_not_wait_for_libraries(args):
    command = [sys.executable, "-c", LOADED, *args.split()]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert SLOW & set(done.stdout.split()) == set()


INTERRUPTED = 'import os, time; open({note!r}, "w").write(str(os.getpid())); time.sleep(300)'


@pytest.mark.slow
def test_an_interrupted_run_is_one_line_and_its_kernel_ends(make_study, tmp_path):
    note = tmp_path / "kernel"
    study = make_study(INTERRUPTED.format(note=str(note)))
    code = "from spurious_core.app.cli import app; app()"
    command = [sys.executable, "-c", code, "run", study, "--trust", "--out", tmp_path / "run"]
    pipes = dict(stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    # tests that were started in the background ignore SIGINT, and so would their children
    runner = subprocess.Popen(
        command, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL), **pipes
    )
    wait_for(lambda: note.exists() and note.read_text())
    runner.send_signal(signal.SIGINT)
    out, err = runner.communicate(timeout=60)
    assert (runner.returncode, out) == (130, "")
    said = err.splitlines()
    assert said[-1] == "interrupted" and len(said) <= 3, err
    assert "Traceback" not in err
    wait_for(lambda: not psutil.pid_exists(int(note.read_text())))


@pytest.mark.parametrize(
    "args, message",
    [
        (["-p", "scal=1"], "known: profile, budget, seed, scale, tags"),
        (["-p", "seed=x"], "not of type int"),
        (["-p", "seed"], "NAME=VALUE"),
        (["-p", "=3"], "NAME=VALUE"),
        (["-p", "seed=1", "-p", "seed=2"], "given twice"),
        (["-p", "profile=big"], "known: mini, mini_permuted, mini_flow, sd15"),
        (["-p", "budget="], "allowed: smoke, quick, full"),
        (["-p", "budget=dry"], "allowed: smoke, quick, full"),
        (["--check", "--tracker", "nosuch"], "tracker='nosuch' is unknown; allowed: tensorboard"),
    ],
)
def test_mistakes_are_one_line(make_study, tmp_path, args, message):
    r = spurious("run", make_study(), "--trust", "--out", tmp_path / "run", *args)
    assert r.exit_code == 2
    assert r.output.startswith("error: ")
    assert message in r.output
    assert len(r.output.splitlines()) == 1


@pytest.mark.parametrize(
    "args",
    [
        ["describe", "nonsense"],
        ["run", "nonsense"],
        ["describe", "/nowhere/x.ipynb"],
        ["describe", "x" * 5000],
    ],
)
def test_unknown_study(args):
    r = spurious(*args)
    assert r.exit_code == 2
    assert "there is no study" in r.output
    assert "Traceback" not in r.output


def test_a_failed_run_is_exit_code_1(make_study, tmp_path):
    r = spurious("run", make_study("1/0"), "--trust", "--out", tmp_path / "run")
    assert r.exit_code == 1
    assert "ZeroDivisionError" in r.output
    assert "Traceback" not in r.output
    assert (tmp_path / "run/toy.failed.ipynb").is_file()


def test_output_folder_that_is_a_file(make_study, tmp_path):
    (tmp_path / "file").write_text("")
    r = spurious("run", make_study(), "--trust", "--out", tmp_path / "file")
    assert r.exit_code == 1
    assert "error: " in r.output
    assert "Traceback" not in r.output


def test_values_keep_their_equals_signs():
    assert parse_assignments(["a=b=c", "d="]) == {"a": "b=c", "d": ""}


def test_as_a_process(make_study, tmp_path):
    code = "from spurious_core.app.cli import app; app()"
    r = subprocess.run(
        [sys.executable, "-c", code, "run", make_study(), "--trust", "-p", "scal=1"],
        capture_output=True,
        text=True,
    )
    assert r.returncode == 2
    assert r.stdout == ""
    assert r.stderr.startswith("error: ")
    assert "Traceback" not in r.stderr


@pytest.mark.usefixtures("without_workers")
def test_a_sweep_and_its_table(make_study, tmp_path, monkeypatch):
    study = make_study(SAVE_SEED)
    monkeypatch.chdir(tmp_path)
    args = ("sweep", study, "-p", "seed=0..2", "-p", "scale=1", "--trust", "--out", "s")
    r = spurious(*args)
    assert r.exit_code == 0, r.output
    assert "3 cells: 3 waiting" in r.output and "3 cells: 3 done." in r.output
    assert "The numbers: spurious table s" in r.output
    r = spurious("table", "s", "--by", "scale", "--save", "table.csv")
    assert r.exit_code == 0
    rows = (tmp_path / "table.csv").read_text().splitlines()
    assert rows[0] == "key,scale,value,lo,hi,n"
    assert rows[1].startswith("scale,1.0,2.0,") and rows[1].endswith(",3")
    assert spurious(*args).output.count(" done") == 2  # nothing was left to do


SAVE_SEED = """import json, pathlib
numbers = {"scale": {"value": scale + seed, "ci": None, "n": None}}
pathlib.Path(out, "metrics.json").write_text(json.dumps(numbers))"""


@pytest.mark.usefixtures("without_workers")
def test_a_sweep_with_a_failed_cell_says_so(make_study, tmp_path):
    study = make_study("assert seed, 'zero never works'", SAVE_SEED)
    r = spurious("sweep", study, "-p", "seed=0..1", "--trust", "--out", tmp_path / "s")
    assert r.exit_code == 1
    assert "2 cells: 1 done, 1 failed." in r.output and "zero never works" in r.output
    r = spurious("table", tmp_path / "s")
    assert "1 of 2 cells are missing or stale, and left out (1 failed): seed=0" in r.output


@pytest.mark.parametrize(
    "args, why",
    [
        ([], "give a grid (-p NAME=VALUES) or a list of cells (--cells FILE), one of them"),
        (["-p", "seed=0..1"], "is no study of ours"),
        (["--trust", "-p", "sed=0..1"], "unknown parameter 'sed'"),
        (["--trust", "-p", "seed=1..10000000"], "the grid has 10,000,000 cells"),
        (["--trust", "-p", "seed=x"], "seed='x' is not of type int"),
    ],
)
def test_mistakes_in_a_sweep(make_study, tmp_path, args, why):
    r = spurious("sweep", make_study(), *args, "--out", tmp_path / "s")
    assert (r.exit_code, why in r.output) == (2, True), r.output
    assert not (tmp_path / "s").exists()
    assert spurious("table", tmp_path / "s").exit_code == 2
    assert "folder='' must be the path of a folder" in spurious("table", "").output


def test_an_estimate_makes_nothing(make_study, tmp_path):
    r = spurious(
        "sweep",
        make_study(),
        "-p",
        "seed=0..9",
        "-p",
        "budget=smoke",
        "--estimate",
        "--trust",
        "--out",
        tmp_path / "s",
    )
    assert r.exit_code == 0, r.output
    tried, cost = r.stdout.splitlines()
    assert tried == "Budget smoke, from one cell that was tried:" and cost.startswith(
        "10 cells, 1 at a time: about"
    )
    assert not (tmp_path / "s").exists()


def test_mistakes_with_an_engine(make_study, tmp_path):
    for args, why in (
        (("--engine", "magic"), "engine='magic' is unknown; allowed: local, ray, slurm"),
        (("--engine", "ray", "--set", "address=here"), "write HOST:PORT"),
        (("--engine", "ray", "-s", "port=1"), "unknown setting 'port'"),
        (("-s", "cores"), "--set cores: write NAME=VALUE"),
    ):
        r = spurious("sweep", make_study(), "-p", "seed=0", *args, "--trust", "--out", tmp_path / "s")
        assert r.exit_code == 2 and why in r.output, r.output
