"UTK-Face"

import numpy as np
import pytest

from spurious_core.data.readers.utk_face import utk_face
from support.data_trees import agrees, put


def test_utk_face(tmp_path):
    ages = [(0, 1), (5, 1), (6, None), (19, None), (20, 0), (50, 0), (51, None), (116, None)] * 6
    for i, (age, a) in enumerate(ages):
        put(
            tmp_path / f"UTKFace/{age}_{i // 8 % 2}_{i % 5}_201701161745{i:05d}.jpg.chip.jpg",
            i // 8 % 2,
            a or 0,
            i,
        )
    d = utk_face(tmp_path)
    assert agrees(d)
    assert len(d) == 24
    assert d.labels == ["male", "female"]
    assert set(d.manifest.age) == {0, 5, 20, 50}
    assert np.bincount(d.group).tolist() == [6, 6, 6, 6]
    assert d.manifest.split.value_counts().to_dict() == dict(train=20, val=2, test=2)
    assert len(utk_face(tmp_path / "UTKFace")) == 24
    for bad in ("39_1_20170116174525125.jpg", "53__0_20170116.jpg", "1_3_0_2017.jpg"):
        put(tmp_path / "UTKFace" / bad, 0, 0)
    with pytest.warns(UserWarning, match="3 of 51 images are left out.*1_3_0_2017.jpg"):
        assert len(utk_face(tmp_path)) == 24
    put(tmp_path / "only/a.jpg", 0, 0)
    with pytest.raises(ValueError, match="expected names like 25_0_2_20170116174525125.jpg; found a.jpg"):
        utk_face(tmp_path / "only")
    put(tmp_path / "middle/12_0_0_1.jpg", 0, 0)
    with pytest.raises(ValueError, match="found none in 1 images"):
        utk_face(tmp_path / "middle")
