"Find, dream up and cure spurious correlations in image classifiers."

import logging

import lazy_loader

__version__ = "0.0.1"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def _is_news(record: logging.LogRecord) -> bool:
    return "requires torchvision (not installed); falling back" not in record.getMessage()


# transformers says so whenever it is imported; the fallback, by Pillow, is what we use
logging.getLogger("transformers.utils.import_utils").addFilter(_is_news)
