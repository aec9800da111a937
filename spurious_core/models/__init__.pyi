from . import language as language
from .classifier import Classifier as Classifier, evaluate_batches as evaluate_batches
from .features import as_features as as_features, penultimate_features as penultimate_features
from .loading import (
    load_classifier as load_classifier,
    resnet_of as resnet_of,
    save_classifier as save_classifier,
    transformers_key as transformers_key,
)
from .preprocessing import (
    IMAGENET as IMAGENET,
    Preprocess as Preprocess,
    as_pixels as as_pixels,
    read_preprocess as read_preprocess,
    write_preprocess as write_preprocess,
)
from .quiet import without_progress_bars as without_progress_bars
from .robustness import convert_robustness as convert_robustness
