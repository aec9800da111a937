from .full_size import write_random_weights as write_random_weights
from .public_models import (
    PUBLIC_MODELS as PUBLIC_MODELS,
    TINY_CHANNELS as TINY_CHANNELS,
    tiny_decoder_of_shapes as tiny_decoder_of_shapes,
    write_configs as write_configs,
)
from .random_captioners import random_captioner as random_captioner
from .random_classifiers import random_classifier as random_classifier, random_guide as random_guide
from .random_pipelines import PIPELINES as PIPELINES, random_pipeline as random_pipeline
from .random_profiles import make_random_profile as make_random_profile
from .random_segmenters import random_segmenter as random_segmenter
from .sizes import SIZES as SIZES, Size as Size
from .small_tokenizers import byte_tokenizer as byte_tokenizer, word_tokenizer as word_tokenizer
from .study_needs import STUDIES as STUDIES, StudyNeeds as StudyNeeds
