"A random detector and SAM load together and mark a part of a picture."

from spurious_core.app.dry_run.random_segmenters import random_segmenter
from spurious_core.app.dry_run.sizes import SIZES
from spurious_core.data.manifests import draw, sample
from spurious_core.data.worlds import get_world
from spurious_core.models.segmenter_loading import load_segmenter


def test_it_marks_a_part_of_a_picture(tmp_path):
    name = random_segmenter(tmp_path / "segmenter", SIZES["small"])
    assert name == f"{tmp_path}/segmenter/grounding-dino + {tmp_path}/segmenter/sam"
    pictures = draw(sample(get_world("imagenet_like"), 3))
    masks = load_segmenter(name)(pictures, "a boat")
    assert masks.shape == pictures.shape[:3]
    assert masks.min() < masks.max()
