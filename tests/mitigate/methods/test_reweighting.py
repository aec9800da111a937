"Sampling by groups."

import numpy as np

from support.mitigation import images, quick


def test_subg_says_how_many_images_it_used():
    counts = np.bincount(images().group)
    assert quick("SUBG").details["images used"] == 4 * counts.min()


def test_resampling_changes_what_is_learned():
    erm, resampled = quick("ERM"), quick("Resample")
    assert not np.allclose(erm.history.loss, resampled.history.loss)
