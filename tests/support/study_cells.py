"A study's cells in this process, up to a line: for errors that come before anything is computed."

import nbformat

from spurious_core.app.studies import find_study


def run_cells(study, until, **parameters):
    "Runs the cells up to the first that holds one of the texts `until`; the names that they leave."
    found = find_study(study)
    names = {name: parameter.default for name, parameter in found.parameters.items()} | parameters
    for cell in nbformat.read(found.path, 4).cells:
        if cell.cell_type == "code" and "parameters" not in cell.metadata.get("tags", []):
            exec(cell.source, names)
        if any(text in cell.source for text in until):
            return names
    raise AssertionError(f"{study} has no cell with any of {until}")
