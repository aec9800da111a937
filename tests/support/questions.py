"A question as `extract_phrases` asks it."

import json

from spurious_core.models.language.protocol import (
    PHRASES,
    SYSTEM,
)
from spurious_core.models.language.servers import Server

QUESTION = SYSTEM, json.dumps(dict(caption="a spaniel on a sofa with a red ball", label="dog")), PHRASES


def files(tmp_path):
    return sorted(p for p in (tmp_path / "answers").rglob("*") if p.is_file())


def ask_in_a_process(url, cache, n):
    [Server("m", url, cache=cache).ask(SYSTEM, f"question {i}", PHRASES) for i in range(n)]
