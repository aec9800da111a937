"What a classifier relies on beside the object: components of its features, and edits in words."

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
