"What a run says of the machine it ran on."

import subprocess
import sys

from spurious_core.app.surroundings import PeakMemory, environment
from spurious_core.core.devices import usable_cores


def test_environment_names_what_one_needs_to_repeat_a_run():
    about = environment()
    assert about["device"] == "cpu"
    assert about["cores"] == usable_cores() >= 1
    assert about["versions"]["torch"]
    assert about["versions"]["spurious_core"]
    assert (about["commit"] is None) == (about["dirty"] is None)


def test_peak_memory_counts_new_children_only():
    code = "x = b'1' * {} * 2**20; print('ready', flush=True); input()"

    def child(mib):
        command = [sys.executable, "-c", code.format(mib)]
        started = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        started.stdout.readline()
        return started

    old = child(200)
    memory = PeakMemory()
    new = child(60)
    memory()
    for process in (old, new):
        process.communicate(b"\n")
    assert 60 < memory.mib < 150
