"Whether bars have intervals, and whether names along an axis keep apart."

from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.text import Text


def _interval_places(ax: Axes) -> np.ndarray:
    segments = [segment for lines in ax.collections for segment in getattr(lines, "get_segments", list)()]
    return np.array([x for (x, low), (its, high) in segments if x == its and low < high])


def bare_bars(fig: Figure) -> int:
    "How many bars have no interval."
    bare = 0
    for ax in fig.axes:
        places = _interval_places(ax)
        groups = [each for each in ax.containers if isinstance(each, BarContainer)]
        middles = [bar.get_x() + bar.get_width() / 2 for group in groups for bar in group]
        bare += sum(not np.isclose(places, middle).any() for middle in middles)
    return bare


def _level_box(name: Text) -> tuple[np.ndarray, np.ndarray]:
    "Middle and size of a name along its own line of writing, in pixels."
    box = name.get_window_extent()
    turn, middle = name.get_rotation(), np.array([box.x0 + box.x1, box.y0 + box.y1]) / 2
    name.set_rotation(0)
    level = name.get_window_extent()
    name.set_rotation(turn)
    cos, sin = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    return np.array([[cos, sin], [-sin, cos]]) @ middle, np.array([level.width, level.height])


def touching_names(
    fig: Figure,
    gap: float = 2.0,  # pixels that names must be apart
) -> list[tuple[str, str]]:
    "Neighbours below an axis that overlap or nearly touch."
    fig.canvas.draw()
    found = []
    for ax in fig.axes:
        names = [name for name in ax.get_xticklabels() if name.get_text()]
        for one, two in pairwise(names):
            (at, size), (at_two, size_two) = _level_box(one), _level_box(two)
            if (abs(at - at_two) < (size + size_two) / 2 + gap).all():
                found.append((one.get_text(), two.get_text()))
    return found
