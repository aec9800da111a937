"Plans too long for one process: files of prompts that many workers draw, a shard at a time."

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
