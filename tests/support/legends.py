"Whether legends lie beside what is drawn."

from matplotlib.figure import Figure


def covering_legends(fig: Figure) -> list[str]:
    "The titles of the axes whose legend covers a part of any axes."
    fig.canvas.draw()
    boxes = [ax.get_window_extent() for ax in fig.axes]
    legends = {ax.get_title(): ax.get_legend().get_window_extent() for ax in fig.axes if ax.get_legend()}
    return [title for title, legend in legends.items() if any(legend.overlaps(box) for box in boxes)]
