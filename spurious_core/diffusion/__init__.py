"Plans become pictures, a few references become an adapter, and an image loss steers the training."

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
