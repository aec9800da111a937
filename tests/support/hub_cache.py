"The cache of the hub's client, filled without the hub."

import shutil
from pathlib import Path


def fill_cache(hub: Path, repository: str, commit: str, folder: Path) -> None:
    "Lays out a folder as the newest commit of a repository in the cache `hub`, as the hub's client does."
    root = hub / f"models--{repository.replace('/', '--')}"
    shutil.copytree(folder, root / "snapshots" / commit)
    (root / "refs").mkdir(exist_ok=True)
    (root / "refs/main").write_text(commit)
