"Points with the intervals of the table, and every name beside its own."

import matplotlib.pyplot as plt
import numpy as np

from spurious_core.app.ledger.literature_figures import published_figure
from spurious_core.app.ledger.published_rows import published


def test_a_panel_has_every_row_with_its_interval():
    rows = published()
    figure = published_figure(rows)
    panels = dict(zip(["waterbirds", "celeba", "metashift_disc"], figure.axes, strict=True))
    for dataset, ax in panels.items():
        group = rows[rows.dataset == dataset].sort_values("wga", kind="stable")
        names = [label.get_text() for label in ax.get_yticklabels()]
        assert names == group.key.str.replace("_", " ").tolist()
        thin, thick = {}, 0
        for lines in ax.collections:
            if lines.get_linewidth()[0] == 1:
                thin |= {at: (low, high) for (low, at), (high, _) in lines.get_segments()}
            else:
                thick += len(lines.get_segments())
        assert np.allclose([thin[at] for at in range(len(group))], group[["low", "high"]])
        assert thick == (group.spread > 0).sum()
    plt.close(figure)
