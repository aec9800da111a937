"A study's cells in this process, up to a line or all of them: no kernel has to start."

import matplotlib.pyplot as plt
import nbformat
import torch

from spurious_core.app.studies import find_study


def run_cells(study, until=(), **parameters):
    """The names that a study's cells leave, in this process.

    Cells run up to the first that holds one of the texts `until`; without such texts, all of them."""
    found = find_study(study)
    defaults = {name: parameter.default for name, parameter in found.parameters.items()}
    names = dict(display=print) | defaults | parameters
    try:
        for cell in nbformat.read(found.path, 4).cells:
            if cell.cell_type == "code" and "parameters" not in cell.metadata.get("tags", []):
                exec(cell.source, names)
                plt.close("all")  # as a kernel does after each cell
            if any(text in cell.source for text in until):
                return names
    finally:
        torch.set_flush_denormal(False)  # studies flush them, which is the process's own affair
    assert not until, f"{study} has no cell with any of {until}"
    return names
