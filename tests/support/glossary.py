"Words that are ours, or unusual: which entry of the glossary explains them, and where prose uses them first."

import re
from collections.abc import Iterator
from pathlib import Path

from support.notebooks import ROOT, cells_of

GLOSSARY = ROOT / "nbs" / "glossary.ipynb"
EXPLAINED = {  # what to look for in prose -> the heading of its entry
    r"[Aa]lphas?": "alpha",
    r"[Aa]rms?": "arm",
    r"[Gg]uides?": "guide",
    r"[Jj]ur(?:y|ies|ors?)": "jury and juror",
    r"[Ss]hams?": "edit and sham",
    r"[Pp]si": "psi",
    r"[Rr]ho": "pruning",
    r"[Gg]ates?": "gate",
    r"[Gg]uards?": "guard",
    r"[Pp]lanted": "planted",
    r"[Aa]dapters?": "adapter",
    r"USB|ASB|FFR": "FFR, USB and ASB",
    r"SFSL|[Ss]imilarity loss(?:es)?": "similarity loss",
    r"[Nn]ull worlds?": "null world",
    r"[Ff]eature attacks?": "feature attack",
    r"[Cc]onsistency": "consistency",
    r"[Ss]purious AUC": "spurious AUC",
    r"[Oo]ne-step estimates?": "one-step estimate",
}
# other alphas, gates and guards
NOT_MEANT = r"(?! channels?| against| opens| sees| would| that ask| is the rank| in front)"
NOT_AFTER = r"(?<!This )(?<!paper's )"
# what is no prose: code, mathematics, headings, quotations, links to elsewhere, addresses
HIDDEN = re.compile(
    r"```.*?```|`[^`\n]*`|\$\$.*?\$\$|\$[^$\n]*\$|^#+ .*?$|^>.*?$|<[^>\n]*>"
    r"|\[[^\]]*\]\((?![^)]*glossary\.ipynb#)[^)]*\)|\]\([^)]*\)",
    re.S | re.M,
)


def anchor(heading: str) -> str:
    "What JupyterLab calls a heading in a link."
    return heading.replace(" ", "-")


def prose_of(source: str) -> str:
    "The source of a cell, with blanks where there is no prose."
    return HIDDEN.sub(lambda m: re.sub(r"\S", " ", m[0]), source)


def first_uses(path: Path) -> Iterator[tuple[str, int, re.Match]]:
    "Of each word that a notebook uses: the heading, the number among its cells of prose, and the place."
    sources = [cell.source for cell in cells_of(path) if cell.kind == "markdown"]
    prose = [prose_of(source) for source in sources]
    for pattern, heading in EXPLAINED.items():
        word = re.compile(rf"(?<![\w./-]){NOT_AFTER}(?:{pattern})(?![\w-]){NOT_MEANT}")
        found = [(number, m) for number, text in enumerate(prose) if (m := word.search(text))]
        if found:
            yield heading, *found[0]


def is_linked(source: str, heading: str, place: re.Match) -> bool:
    "Whether the place lies in the text of a link to the entry."
    links = re.finditer(r"\[([^\]]*)\]\([^)]*glossary\.ipynb#([^)\s]+)\)", source)
    return any(
        link.start(1) <= place.start() and place.end() <= link.end(1) and link[2] == anchor(heading)
        for link in links
    )
