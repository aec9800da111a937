"Pictures with labels and attributes: rendered where everything is known, or read from disk."

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
