"""A long plan drawn on a Ray cluster of this machine, while workers and a node are killed.

`PYTHONPATH=.:tests python tests/support/draw_drill.py [ROWS]` writes the counts to figures/drawing."""

import json
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import psutil

from spurious_core.app.drawing.drawing_plans import DrawConfig, draw_plan, drawn_shards, lost_and_doubled
from spurious_core.app.drawing.plan_files import write_plan
from spurious_core.app.sweeps.cell_folders import is_done, list_cells
from spurious_core.app.sweeps.claims import CLAIM_FILE
from spurious_core.app.sweeps.ray_engine import RayEngine
from spurious_core.core.images import read_images
from spurious_core.core.settings import load_profile
from spurious_core.data.manifests import sample
from spurious_core.data.worlds import get_world
from spurious_core.diffusion.plans import plan_prompts
from spurious_core.diffusion.sampling import sample_images
from spurious_core.models.pipelines import load_pipeline
from support.kill_drill import kill_all, start_cluster, write_evidence

CONFIG = DrawConfig(steps=2, guidance=1.0, batch_size=32)  # few steps: how many rows, not how fine, is asked
CHECKED = 64  # rows that are drawn again, alone
GREY_LEVEL = 1  # how far a picture may be from itself in other company


def make_plan(file: Path, rows: int) -> Path:
    "Rows of different prompts, each with a seed of its own."
    prompts = sample(get_world("imagenet_like"), 400, "draw_drill", 0).prompt.tolist()
    plan = plan_prompts(prompts, -(-rows // len(prompts)), seed=0).head(rows)
    return write_plan(plan, file)


def drawing_workers(out: Path) -> list[int]:
    "The processes that are in the middle of a shard: pictures are there, and it is not done."
    found = []
    for cell in list_cells(out):
        pictures = next(cell.folder.rglob("images/*.png"), None)  # of an attempt, which is no run yet
        if pictures and not is_done(cell):
            try:
                owner = json.loads((cell.folder / CLAIM_FILE).read_text())["owner"]
            except (OSError, ValueError):
                continue  # it was given back, or is being renewed
            found.append(int(owner.split("-")[-2]))
    return found


class DrawKiller(threading.Thread):
    "Kills a worker every `seconds`, and once a node with its worker, until it is stopped."

    def __init__(self, out: Path, nodes: list, seconds: float, kills: int):
        super().__init__(daemon=True)
        self.out, self.nodes, self.seconds, self.wanted = out, nodes, seconds, kills
        self.kills, self.stopped = [], threading.Event()

    def run(self) -> None:
        while len(self.kills) < self.wanted and not self.stopped.wait(self.seconds):
            if not (self.out / "sweep.json").exists():
                continue  # the drawing has not begun
            workers = {pid for pid in drawing_workers(self.out) if psutil.pid_exists(pid)}
            if len(self.kills) == 1:
                self._kill_node_of(workers)
            elif workers:
                kill_all(psutil.Process(min(workers)))
                self.kills.append("worker")

    def _kill_node_of(self, workers: set[int]) -> None:
        for node in self.nodes:
            raylet = psutil.Process(node.all_processes["raylet"][0].process.pid)
            if {child.pid for child in raylet.children(recursive=True)} & workers:
                kill_all(raylet)
                self.kills.append("node")
                return


def rows_that_differ(out: Path, plan: pd.DataFrame) -> int:
    "Of some rows, how many are drawn otherwise by one call in this process."
    tables = []
    for run in drawn_shards(out):
        table = pd.read_parquet(run / "rows.parquet")
        tables.append(table.assign(path=[str(path) for path in sorted((run / "images").rglob("*.png"))]))
    drawn = pd.concat(tables).set_index("row")
    chosen = np.linspace(0, len(plan) - 1, CHECKED).astype(int)
    profile = load_profile(CONFIG.profile)
    again = sample_images(
        load_pipeline(profile.pipeline), plan.iloc[chosen], steps=CONFIG.steps, guidance=CONFIG.guidance
    )
    before = read_images(drawn.loc[chosen].reset_index())
    return int((np.abs(before.astype(int) - again).max((1, 2, 3)) > GREY_LEVEL).sum())


def run_drill(folder: Path, rows: int, config: DrawConfig, kills: int, seconds: float) -> dict[str, float]:
    "Draws `rows` rows on four nodes while `kills` processes are killed; what was lost, and so on."
    file, out = make_plan(folder / "plan.parquet", rows), folder / "drawn"
    start = time.perf_counter()
    cluster, nodes = start_cluster(n_nodes=4)
    killer = DrawKiller(out, nodes, seconds, kills)
    killer.start()
    try:
        draw_plan(file, out, config, RayEngine(cluster.address))
    finally:
        killer.stopped.set()
        cluster.shutdown()
    taken = time.perf_counter() - start
    counts = lost_and_doubled(out, file)
    differences = rows_that_differ(out, pd.read_parquet(file))
    return counts | dict(kills=len(killer.kills), differences=differences, rows_per_second=rows / taken)


def main(rows: int) -> None:
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        counts = run_drill(Path(folder), rows, CONFIG, kills=4, seconds=60)
    what = (
        f"rows of the embedded model in shards of {CONFIG.shard}, {CONFIG.steps} steps without guidance, by "
        "four workers of a Ray cluster of nodes on one machine; workers and a node with its "
        f"worker, were killed by SIGKILL; {CHECKED} rows were drawn again by one call"
    )
    write_evidence("drawing", counts, what, "draw_drill.py", time.perf_counter() - start)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
