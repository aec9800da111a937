"One page of what a run or a sweep found, which needs nothing else."

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
