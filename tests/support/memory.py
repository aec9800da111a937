"How much memory a call takes at its peak."

import tracemalloc
from collections.abc import Callable


def peak_of(call: Callable, *args, **options) -> tuple[object, int]:
    "What the call returns, and the bytes that it held at once, at most."
    tracemalloc.start()
    try:
        found = call(*args, **options)
        return found, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
