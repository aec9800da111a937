"The command of a report runs: what the study no longer takes is left out, and said."

import shlex

import pytest
from typer.testing import CliRunner

from spurious_core.app.cli import app
from spurious_core.app.parameters import parse_assignments
from spurious_core.app.report.repeating import repeat_command
from spurious_core.app.report.run_page import read_run, run_sections
from spurious_core.app.studies import find_study, list_studies
from support.notebooks import ROOT

EVIDENCE = [file.parent for file in sorted((ROOT / "figures").rglob("environment.json"))]


def name_of(folder):
    return str(folder.relative_to(ROOT / "figures"))


@pytest.mark.parametrize("folder", EVIDENCE, ids=name_of)
def test_the_command_of_committed_evidence_is_taken(folder):
    "Each parameter that it was run with is in the command, or named as left out, or empty as by default."
    run = read_run(folder)
    (again,) = [section for section in run_sections(run) if section.title == "Parameters"]
    if run.study not in list_studies():
        assert again.code == "" and f"No study is called {run.study}" in again.sentences[0]
        assert run.about["script"] in again.sentences[0]
        return
    spurious, command, study, *words = shlex.split(again.code)
    assert (spurious, command, study, set(words[::2])) == ("spurious", "run", run.study, {"-p"})
    values = find_study(study).check(parse_assignments(words[1::2]))
    for name, value in run.about["parameters"].items():
        assert values.get(name, value) == value
        assert name in values or name in again.sentences[-1] or value in ("", [], {})


def test_the_command_line_takes_it():
    asked = dict(profile="mini", budget="smoke", seed=4, workers=1, worlds=["things"])
    sentences, command = repeat_command("ddb", asked)
    assert sentences == ["The same again, without workers, which ddb no longer takes:"]
    assert "-p seed=4 -p 'worlds=[\"things\"]'" in command and "workers" not in command
    result = CliRunner().invoke(app, [*shlex.split(command)[1:], "--check"])
    assert (result.exit_code, result.output) == (0, "ddb can run here with these parameters\n")


def test_values_that_are_none_any_longer_are_left_out_as_well():
    asked = dict(budget="huge", seed="three", worlds=[])
    sentences, command = repeat_command("ddb", asked)
    assert (sentences, command) == (
        ["The same again, without budget, seed, which ddb no longer takes:"],
        "spurious run ddb",
    )


def test_what_must_be_there_is_said():
    sentences, command = repeat_command("discovery_benchmark", dict(runs="_runs/a", seed=0))
    assert sentences == ["What runs says must be there.", "The same again:"]
    assert command == "spurious run discovery_benchmark -p runs=_runs/a -p seed=0"


def test_a_study_that_nobody_knows_has_no_command():
    (said,), command = repeat_command("toy", dict(seed=0))
    assert said.startswith("No study is called toy, so there is no command") and command == ""
    (said,), _ = repeat_command("toy", {}, "tests/a.py")
    assert said == "No study is called toy: what made this is tests/a.py."
