"What probes can and can't see, what chance is, and who the neighbours are."

import numpy as np
import pytest

from spurious_core.papers.d3s.probing import PROBES, neighbours, probe, probes
from support.d3s import mixed, start


def test_a_linear_probe_is_blind_to_what_the_small_network_reads():
    rng = np.random.default_rng(0)
    x = rng.choice([-1.0, 1.0], (3000, 2)) + 0.1 * rng.normal(size=(3000, 2))
    y = (x[:, 0] * x[:, 1] > 0).astype(int)
    linear, mlp = (probe(x[:2000], y[:2000], x[2000:], y[2000:], kind) for kind in ("linear", "mlp"))
    assert linear["value"] < 0.6 < 0.95 < mlp["value"]
    assert mlp["n"] == 1000
    assert linear["lo"] < linear["value"] < linear["hi"]
    with pytest.raises(ValueError, match="allowed: linear, mlp"):
        probe(x, y, x, y, "tree")


def test_chance_is_the_share_of_the_most_frequent_label():
    x, y = np.zeros((10, 1)), [0] * 6 + [1] * 4
    assert probe(x, y, x, [0, 1, 1, 1, 1, 1, 0, 0, 0, 1])["chance"] == 0.4
    assert probe(x, y, x, y)["value"] == 0.6


def test_probes_read_the_label_of_their_name_from_the_part_of_their_name():
    data, cut = mixed(300, 1), 5
    table = probes(start(), cut, data, data)
    assert list(table.probe) == list(PROBES)
    assert list(table) == ["probe", "kind", "value", "lo", "hi", "n", "over", "chance"]
    expected = probe(data.pixels[:, cut:], data.y, data.pixels[:, cut:], data.y)["value"]
    assert table.set_index("probe").value["fg_from_bg"] == expected


def test_neighbours_are_others_by_angle():
    x = np.array([[1.0, 0], [2.0, 0.1], [0, 1], [0.1, 3], [-1, -1], [-2, -2.2]])
    assert neighbours(x, [0, 2, 4], 1)[:, 0].tolist() == [1, 3, 5]
    with pytest.raises(ValueError, match="k=6 must lie between"):
        neighbours(x, [0], 6)
