"The strict wrapper: what papermill lets pass must be an error here."

import json
import os
import subprocess
import sys

import nbformat
import psutil
import pytest

from spurious_core.app.metrics import Metrics
from spurious_core.app.progress import Progress, read_bar
from spurious_core.app.runs import RunError, run_study
from spurious_core.app.studies import run_folder
from spurious_core.core.locks import FolderInUse, hold_folder
from support.toy_study import SAVE
from support.waiting import wait_for


def run(study, to, **params):
    return run_study(study, params, to, progress=False)


def test_a_good_run_leaves_the_contract(make_study, tmp_path):
    out = run(make_study(), tmp_path / "{odd} räu m", scale="2.5", tags='["a", "b"]', budget="smoke")
    visible = {p.name for p in out.iterdir() if not p.name.startswith(".")}
    assert visible == {"toy.ipynb", "metrics.json", "environment.json", "figures"}
    assert json.loads((out / "metrics.json").read_text()) == {"scale": {"value": 2.5, "ci": None, "n": 2}}
    about = json.loads((out / "environment.json").read_text())
    assert about["parameters"] == dict(profile="mini", budget="smoke", seed=0, scale=2.5, tags=["a", "b"])
    assert about["seconds"] > 0
    assert about["versions"]["torch"]
    assert about["cores"] >= 1
    assert about["device"]
    assert about["python"]
    assert str(tmp_path) not in (out / "environment.json").read_text(), "the output folder is a machine path"
    nb = nbformat.read(out / "toy.ipynb", 4)
    nbformat.validate(nb)


@pytest.mark.slow
def test_peak_memory_is_the_kernels(make_study, tmp_path):
    wasteful = "import numpy as np; x = np.ones(40_000_000); del x"
    cells = [], [wasteful, SAVE], [f"{wasteful}\n{SAVE}"]  # before the last cell, and in it
    runs = [run(make_study(*of_one), tmp_path / str(i)) for i, of_one in enumerate(cells)]
    small, *big = (json.loads((o / "environment.json").read_text())["peak_memory_mib"] for o in runs)
    for mib in big:
        assert 250 < mib - small < 400  # 305 MiB, freed before the end


def test_defaults_are_not_overwritten_and_runs_repeat(make_study, tmp_path):
    study = make_study()
    for scale in (3.0, 4.0):
        assert Metrics.load(run(study, tmp_path / "run", scale=scale))["scale"]["value"] == scale


def test_the_kernel_keeps_the_callers_folder(make_study, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    run(make_study('import os; assert os.path.basename(os.getcwd()) == "here"', SAVE), "run")
    assert (tmp_path / "here/run/metrics.json").is_file()


def test_skipped_and_empty_cells_are_no_early_end(make_study, tmp_path):
    study = make_study("", SAVE, "1/0")
    nb = nbformat.read(study, 4)
    nb.cells[-1].metadata["tags"] = ["skip-execution"]
    nbformat.write(nb, study)
    run(study, tmp_path / "run")


@pytest.mark.parametrize(
    "params, message",
    [
        (dict(scal=1), "no parameter 'scal'; known: profile, budget, seed, scale, tags$"),
        (dict(seed="x"), "seed='x' is not of type int"),
        (dict(seed=1.5), "not of type int"),
        (dict(seed=True), "not of type int"),
        (dict(scale="nan"), "not of type float"),
        (dict(scale="inf"), "not of type float"),
        (dict(scale=float("inf")), "not of type float"),
        (dict(tags="a"), r"not of type list\[str\], which is written \[a, b\]"),
        (dict(tags=[1]), r"not of type list\[str\]"),
        (dict(profile=3), "not of type str"),
        (dict(budget="huge"), "allowed: smoke, quick, full"),
        (dict(budget="dry"), "allowed: smoke, quick, full"),
        (dict(profile="big"), "known: mini, mini_permuted, mini_flow, sd15"),
        (dict(out="x"), "output folder"),
    ],
)
def test_bad_parameters(make_study, tmp_path, params, message):
    with pytest.raises(ValueError, match=message):
        run(make_study("raise SystemExit"), tmp_path / "run", **params)
    assert not (tmp_path / "run").exists() or not list((tmp_path / "run").glob("*.ipynb"))


def test_absent_device(make_study, tmp_path, monkeypatch):
    monkeypatch.setenv("SPURIOUS_DEVICE", "cuda:77")
    with pytest.raises(ValueError, match="not on this machine"):
        run(make_study(), tmp_path / "run")


def test_the_study_is_never_overwritten(make_study):
    study = make_study()
    before = study.read_bytes()
    with pytest.raises(ValueError, match="holds the study itself"):
        run(study, study.parent)
    assert study.read_bytes() == before


def test_a_lost_parameters_tag(make_study, tmp_path):
    with pytest.raises(ValueError, match="one cell tagged `parameters`, not 0"):
        run(make_study(tags=[]), tmp_path / "run")


def fails(study, out, match):
    with pytest.raises(RunError, match=match) as e:
        run(study, out)
    aside = out / "toy.failed.ipynb"
    assert aside.is_file() and str(aside) in str(e.value), "the notebook is kept and named"
    return nbformat.read(aside, 4)


@pytest.mark.parametrize("leave", ["import sys; sys.exit()", "import sys; sys.exit(0)", "raise SystemExit"])
def test_leaving_early(make_study, tmp_path, leave):
    fails(make_study(leave, SAVE), tmp_path / "run", "SystemExit")


def test_bars_are_relayed_and_not_kept(make_study, tmp_path, capsys, monkeypatch):
    relayed = []
    monkeypatch.setattr(Progress, "write", lambda self, text: relayed.append(text))
    bar = "from tqdm.auto import tqdm\nimport sys\nfor _ in tqdm(range(3), desc='arms', mininterval=0): pass"
    said = 'print("kept", file=sys.stderr)'
    study = make_study(bar, said, SAVE)
    nb = nbformat.read(study, 4)
    nb.cells.insert(2, nbformat.v4.new_markdown_cell("## The arms"))
    nbformat.write(nb, study)
    out = run_study(study, {}, tmp_path / "run")
    assert "The arms (cell " in capsys.readouterr().err
    outputs = [o for c in nbformat.read(out / "toy.ipynb", 4).cells for o in c.get("outputs", [])]
    assert [o.text for o in outputs if o.output_type == "stream"] == ["kept\n"]
    assert read_bar("".join(relayed)) == "arms 3/3"


def test_leaving_in_the_last_cell(make_study, tmp_path):
    fails(make_study(SAVE, "import sys; sys.exit()"), tmp_path / "run", "SystemExit")


def test_an_error_keeps_what_ran(make_study, tmp_path):
    nb = fails(
        make_study('print("before")', "1/0", SAVE), tmp_path / "run", "ZeroDivisionError: division by zero"
    )
    assert any("before" in o.get("text", "") for c in nb.cells for o in c.get("outputs", []))


def test_kernel_death(make_study, tmp_path):
    fails(make_study("import os; os._exit(1)", SAVE), tmp_path / "run", "kernel died")


def test_timeout(make_study, tmp_path):
    with pytest.raises(RunError, match="longer than 2 s"):
        run_study(make_study("import time; time.sleep(60)"), {}, tmp_path / "run", timeout=2, progress=False)


def test_no_numbers(make_study, tmp_path):
    fails(make_study("1"), tmp_path / "run", "no .*metrics.json")


FAILURES = {
    "no numbers": (["1"], "it wrote no metrics.json"),
    "fails before them": (["1/0"], "ZeroDivisionError"),
    "fails after them": ([SAVE, "1/0"], "ZeroDivisionError"),
    "malformed": (
        ['from pathlib import Path; Path(out, "metrics.json").write_text("{}")'],
        "holds no numbers",
    ),
}


def test_a_failing_run_keeps_the_results_of_the_last_good_one(make_study, tmp_path):
    names = ("toy.ipynb", "metrics.json", "environment.json", "figures/bars.png")
    draw = "import pathlib; pathlib.Path(out, 'figures/bars.png').write_text(str(scale))"
    out = run(make_study(draw, SAVE), tmp_path / "run", scale=7.0)
    before = [(out / name).read_bytes() for name in names]
    for how, (cells, why) in FAILURES.items():
        fails(make_study(draw, *cells), out, why)
        assert [(out / name).read_bytes() for name in names] == before, how
        assert (out / "toy.failed.ipynb").exists()
    run(make_study(SAVE), out, scale=8.0)
    assert Metrics.load(out)["scale"]["value"] == 8.0
    assert not list((out / "figures").iterdir()) and not (out / ".figures.last").exists()
    assert not (out / "toy.failed.ipynb").exists()


def test_a_folder_belongs_to_one_run_at_a_time(make_study, tmp_path):
    study = make_study("1/0")
    with hold_folder(tmp_path / "run"), pytest.raises(FolderInUse, match=f"in use by process {os.getpid()}"):
        run(study, tmp_path / "run")
    assert not list((tmp_path / "run").glob("*.ipynb")), "nothing was started"


def test_a_run_says_whether_it_was_resumed(make_study, tmp_path):
    stops_once = 'from pathlib import Path; Path(out, "fits").mkdir(); 1/0'
    fails(make_study(stops_once, SAVE), tmp_path / "run", "ZeroDivisionError")
    outs = [run(make_study(), tmp_path / name) for name in ("run", "whole")]
    resumed = [json.loads((out / "environment.json").read_text())["resumed"] for out in outs]
    assert resumed == [True, False]


def test_the_kernel_is_the_callers_interpreter(make_study, tmp_path, monkeypatch):
    other = tmp_path / "jupyter/kernels/python3"
    other.mkdir(parents=True)
    spec = dict(argv=["/bin/false"], display_name="another environment", language="python")
    (other / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    code = f"import sys; assert sys.executable == {sys.executable!r}, sys.executable"
    run(make_study(code, SAVE), tmp_path / "run")


KILLED = """
import sys
from spurious_core.app.progress import Progress, read_bar
from spurious_core.app.runs import run_study
run_study(sys.argv[1], {}, sys.argv[2], progress=False)
"""


@pytest.mark.slow
def test_the_kernel_of_a_killed_run_ends_by_itself(make_study, tmp_path):
    note = tmp_path / "kernel"
    study = make_study(f"import os, time; open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(300)")
    command = [sys.executable, "-c", KILLED, str(study), str(tmp_path / "run")]
    runner = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: note.exists() and note.read_text())
    runner.kill()
    runner.wait()
    wait_for(lambda: not is_running(int(note.read_text())))
    run(make_study(), tmp_path / "run")  # and the folder is free


def is_running(process):
    return psutil.pid_exists(process) and psutil.Process(process).status() != psutil.STATUS_ZOMBIE


def test_results_go_to_the_current_folder_and_home_is_expanded(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert run_folder("toy") == tmp_path / "_runs/toy"
    assert run_folder("toy", "~/results") == tmp_path / "home/results"


def test_malformed_numbers_fail_the_run(make_study, tmp_path):
    fails(
        make_study('from pathlib import Path; Path(out, "metrics.json").write_text("{}")'),
        tmp_path / "run",
        "holds no numbers",
    )


def test_a_study_saves_with_the_library(make_study, tmp_path):
    cell = """from spurious_core.app.metrics import Metrics
m = Metrics()
m.add("wga.toy.ERM", 1.5, ci=(1, 2), n=9, over="runs")
m.save(out)"""
    saved = Metrics.load(run(make_study(cell), tmp_path / "run"))
    assert saved == {"wga.toy.ERM": dict(value=1.5, ci=[1.0, 2.0], n=9, over="runs")}
