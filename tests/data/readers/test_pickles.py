"A pickle runs nothing."

import os
import pickle

import numpy as np
import pytest

from spurious_core.data.readers.pickles import load_plain


def test_a_pickle_runs_nothing(tmp_path):
    class Evil:
        def __init__(self, f, *args):
            self.call = f, args

        def __reduce__(self):
            return self.call

    for f, args in (
        (os.system, (f"touch {tmp_path}/ran",)),
        (eval, (f'open("{tmp_path}/ran", "w")',)),
        (getattr, (dict, "fromkeys")),
        (np.load, ("x",)),
    ):
        (tmp_path / "e.pkl").write_bytes(pickle.dumps([1, Evil(f, *args)]))
        with pytest.raises(ValueError, match="is no pickle of plain values: it asks for"):
            load_plain(tmp_path / "e.pkl")
    assert not (tmp_path / "ran").exists()
    for content in (b"", b"no pickle", pickle.dumps([1, 2])[:-3]):
        (tmp_path / "e.pkl").write_bytes(content)
        with pytest.raises(ValueError, match="e.pkl is no pickle of plain values"):
            load_plain(tmp_path / "e.pkl")
    with pytest.raises(FileNotFoundError):
        load_plain(tmp_path / "none.pkl")
    for protocol in range(6):
        (tmp_path / "f.pkl").write_bytes(
            pickle.dumps({1: "a", "b": (np.float32(0.5), np.arange(3), {2}, b"x", None)}, protocol=protocol)
        )
        back = load_plain(tmp_path / "f.pkl")
        assert back[1] == "a"
        assert back["b"][1].tolist() == [0, 1, 2]
        assert back["b"][2:] == ({2}, b"x", None)
