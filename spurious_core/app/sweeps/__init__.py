"Many runs of one study: cells are folders, workers claim them, and one table has all their numbers."

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
