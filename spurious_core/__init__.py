"Find, dream up and cure spurious correlations in image classifiers."

import lazy_loader

__version__ = "0.0.1"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
