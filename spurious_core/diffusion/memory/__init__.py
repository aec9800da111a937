"How much memory a training takes, known before it begins, and what fits on a card."

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
