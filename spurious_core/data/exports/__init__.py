"Pictures with all that is known of them, in the forms that other tools browse."

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
