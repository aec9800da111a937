"A folder of somebody's own pictures, written from a world: land birds with lamps, and a few houses."

import json
import shutil

from PIL import Image

from spurious_core.data.manifests import draw, sample
from spurious_core.papers.classes import FOLDER_PARTS


def put_pictures(folder, images, ending="jpg", shape=(100, 80)):
    "Writes pictures as somebody's own would be: of another size, with another ending."
    folder.mkdir(parents=True, exist_ok=True)
    for i, image in enumerate(images):
        Image.fromarray(image).resize(shape).save(folder / f"IMG_{i:03d}.{ending}")


def put_empty_files(folder, **counts):
    "The folder of a class with just enough pictures, by their names alone; `counts` of parts may differ."
    for part, n in (FOLDER_PARTS | counts).items():
        shutil.rmtree(folder / part, ignore_errors=True)
        (folder / part).mkdir(parents=True)
        for i in range(n):
            (folder / part / f"{i}.jpg").touch()


def put_captions(folder, places):
    texts = [f"a photo of an empty sks scene {place}" for place in places]
    rows = [dict(file_name=f"IMG_{i:03d}.jpg", text=text) for i, text in enumerate(texts)]
    (folder / "metadata.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def write_own_folder(root, world, target):
    "Land birds and lamps as files, with captions and fresh pictures, and houses, without any extras."
    birds, houses = root / "landbird", root / "house"
    put_pictures(birds / "references", target.references)
    put_pictures(birds / "empty", target.object_free[:30])
    put_pictures(birds / "train", target.train)
    put_pictures(birds / "fresh", draw(sample(world, 40, "kept back", label="landbird", object_free=1.0)))
    put_captions(birds / "references", ["in snow", "at night"] * 4)
    for part, n in dict(references=5, empty=5, train=8).items():
        object_free = float(part != "train")
        few = sample(world, n, f"few {part}", label="house", object_free=object_free)
        put_pictures(houses / part, draw(few), "png")
    (houses / "references" / ".DS_Store").write_text("x")
    (root / ".trash").mkdir()
    return root
