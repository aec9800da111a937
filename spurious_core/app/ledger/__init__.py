"The ledger: what is published, what we claim, and whether the numbers in the README are still so."

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
