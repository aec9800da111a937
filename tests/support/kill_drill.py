"""A sweep on a Ray cluster of several nodes on this machine, of which a worker and a node are killed.

`python tests/support/kill_drill.py` writes the counts to figures/sweeps."""

import json
import os
import signal
import tempfile
import time
from collections import Counter
from pathlib import Path

import nbformat
import psutil

from spurious_core.app.metrics import Metrics
from spurious_core.app.studies import Study, find_study
from spurious_core.app.surroundings import environment
from spurious_core.app.sweeps.cell_folders import Cell, add_cell, is_done, list_cells
from spurious_core.app.sweeps.claims import CLAIM_FILE
from spurious_core.app.sweeps.local_engine import run_locally
from spurious_core.app.sweeps.ray_engine import RayEngine
from spurious_core.app.sweeps.workers import WorkerConfig
from support.toy_study import PARAMETERS, SAVE
from support.waiting import wait_for

CONFIG = WorkerConfig(lease=4)
NODES, CORES = 3, 1
# what Ray would write into the home folder, and send, without them
ENVIRONMENT = dict(RAY_AUTH_MODE="disabled", RAY_USAGE_STATS_ENABLED="0")
BEGIN = "import pathlib, time; open({begun!r}, 'a').write(f'{{seed}}\\n'); time.sleep({seconds})"
END = "open({ended!r}, 'a').write(f'{{seed}}\\n')"


def write_toy(folder: Path, seconds: float) -> Study:
    "A study that notes when it begins and ends, and draws its number from its seed."
    notes = dict(begun=str(folder / "begun.txt"), ended=str(folder / "ended.txt"), seconds=seconds)
    draw = "import random; scale = scale + random.Random(seed).random()"
    v4 = nbformat.v4
    sources = (PARAMETERS, BEGIN.format(**notes), draw, SAVE, END.format(**notes))
    code = [v4.new_code_cell(source) for source in sources]
    code[0].metadata["tags"] = ["parameters"]
    nbformat.write(v4.new_notebook(cells=[v4.new_markdown_cell("> A toy."), *code]), folder / "toy.ipynb")
    return find_study(folder / "toy.ipynb")


def make_cells(root: Path, study: Study, n: int) -> list[Cell]:
    root.mkdir()
    (root / "sweep.json").write_text(json.dumps(dict(study=str(study.path))))
    return [add_cell(root, study, dict(seed=seed)) for seed in range(n)]


def numbers_of(root: Path) -> dict[str, float]:
    return {
        cell.folder.name: Metrics.load(cell.run)["scale"]["value"]
        for cell in list_cells(root)
        if is_done(cell)
    }


def seeds_in(note: Path) -> Counter:
    return Counter(note.read_text().split()) if note.exists() else Counter()


def busy_workers(root: Path) -> list[int]:
    "The processes that are in the middle of a cell: it has begun, and not ended."
    inside = seeds_in(root.parent / "begun.txt") - seeds_in(root.parent / "ended.txt")
    owners = []
    for cell in list_cells(root):
        if str(cell.about["params"]["seed"]) in inside:
            try:
                owners.append(json.loads((cell.folder / CLAIM_FILE).read_text())["owner"])
            except (OSError, ValueError):
                continue  # it was given back, or is being renewed
    return [int(owner.split("-")[-2]) for owner in owners]


def kill_all(process: psutil.Process) -> None:
    "A process and all that it has started, at once and without notice."
    for each in [*process.children(recursive=True), process]:
        try:
            each.send_signal(signal.SIGKILL)
        except psutil.NoSuchProcess:
            pass


class Killer:
    "Gets the lines of a sweep: after the first it kills a worker in the middle of a cell, later a node."

    def __init__(self, root: Path, nodes: list):
        self.root, self.nodes, self.kills, self.victims = root, nodes, [], []

    def __call__(self, line: str) -> None:
        if not self.kills:
            wait_for(self._kill_worker, 120)
        elif "node" not in self.kills:
            wait_for(self._kill_node, 120)

    def _kill_worker(self) -> bool:
        "Kills a worker that is in the middle of a cell, and its kernel, which would live on for a second."
        self.victims = busy_workers(self.root)[:1]
        for victim in self.victims:
            kill_all(psutil.Process(victim))
            self.kills.append("worker")
        return bool(self.victims)

    def _kill_node(self) -> bool:
        "Kills the node of a worker that is in the middle of a cell, if there is one."
        for node in self.nodes:
            raylet = psutil.Process(node.all_processes["raylet"][0].process.pid)
            children = {child.pid for child in raylet.children(recursive=True)}
            if children & {*busy_workers(self.root)} - {*self.victims}:  # whose claim outlives them
                kill_all(raylet)
                self.kills.append("node")
                return True
        return False


def start_cluster(n_nodes: int = NODES) -> tuple:
    "A cluster, whose head runs no cells, and its nodes. Ray gives a node half a minute to start."
    os.environ.update(ENVIRONMENT)
    from ray.cluster_utils import Cluster

    for tries_left in (2, 1, 0):
        cluster = Cluster()
        try:
            cluster.add_node(num_cpus=0, include_dashboard=False)
            return cluster, [cluster.add_node(num_cpus=CORES) for _ in range(n_nodes)]
        except Exception as error:  # Ray raises nothing more special
            cluster.shutdown()
            if not tries_left or "timed out" not in str(error):
                raise


def run_drill(folder: Path, n: int, seconds: float) -> dict[str, int]:
    "Runs `n` cells on three nodes with two kills, and again on one process; what was lost, and so on."
    study = write_toy(folder, seconds)
    cells = make_cells(folder / "on_ray", study, n)
    cluster, nodes = start_cluster()
    try:
        killer = Killer(folder / "on_ray", nodes)
        RayEngine(cluster.address)(folder / "on_ray", CONFIG, None, killer)
    finally:
        cluster.shutdown()
    begun, ended = seeds_in(folder / "begun.txt"), seeds_in(folder / "ended.txt")
    make_cells(folder / "here", study, n)
    run_locally(folder / "here", CONFIG, 2, lambda line: None)
    ray, here = numbers_of(folder / "on_ray"), numbers_of(folder / "here")
    return dict(
        cells=n,
        kills=len(killer.kills),
        lost=sum(not is_done(cell) for cell in cells),
        doubled=sum(count > 1 for count in ended.values()),
        differences=sum(ray.get(name) != value for name, value in here.items()),
        begun_again=sum(begun.values()) - n,
    )


def write_evidence(name: str, counts: dict[str, float], what: str, script: str, seconds: float) -> None:
    "Into figures/NAME: the counts, and what was done, where and in how long."
    figures = Path(__file__).parents[2] / "figures" / name
    about = dict(what=what, script=f"tests/support/{script}", seconds=round(seconds, 1))
    text = json.dumps(about | environment("cpu"), indent=1) + "\n"  # before its own figures differ
    metrics = Metrics()
    for key, count in counts.items():
        metrics.add(key, count)
    metrics.save(figures)
    (figures / "environment.json").write_text(text)
    print(counts)


def main() -> None:
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        counts = run_drill(Path(folder), 24, 2.0)
    what = (
        f"a toy study of two seconds a cell, on a Ray cluster of {NODES} nodes that were processes of one "
        "machine, with a worker and then a node killed by SIGKILL in the middle of a cell"
    )
    write_evidence("sweeps", counts, what, "kill_drill.py", time.perf_counter() - start)


if __name__ == "__main__":
    main()
