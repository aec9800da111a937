from .adversarial import pgd_l2 as pgd_l2
from .captions import (
    CAPTIONERS as CAPTIONERS,
    COLUMNS as COLUMNS,
    Captioner as Captioner,
    caption_images as caption_images,
    load_captioner as load_captioner,
)
from .classifier import Classifier as Classifier, evaluate_batches as evaluate_batches
from .features import as_features as as_features, penultimate_features as penultimate_features
from .language_models import (
    Grammar as Grammar,
    LanguageModel as LanguageModel,
    LanguageModelError as LanguageModelError,
    Local as Local,
    NoAnswer as NoAnswer,
    PHRASES as PHRASES,
    SYSTEM as SYSTEM,
    Server as Server,
    Usage as Usage,
    cache_folder as cache_folder,
    extract_phrases as extract_phrases,
    load_language_model as load_language_model,
    parse_answer as parse_answer,
    read_caption as read_caption,
    without_names as without_names,
)
from .loading import (
    load_classifier as load_classifier,
    resnet_of as resnet_of,
    save_classifier as save_classifier,
    transformers_key as transformers_key,
)
from .pipeline_files import (
    NETWORKS as NETWORKS,
    cached as cached,
    fetch_pipeline as fetch_pipeline,
    first_line as first_line,
    lacking as lacking,
    wanted_files as wanted_files,
    weight_file as weight_file,
    weight_format as weight_format,
)
from .pipelines import load_pipeline as load_pipeline, load_tiny_decoder as load_tiny_decoder
from .preprocessing import (
    IMAGENET as IMAGENET,
    Preprocess as Preprocess,
    as_pixels as as_pixels,
    read_preprocess as read_preprocess,
    write_preprocess as write_preprocess,
)
from .quiet import without_progress_bars as without_progress_bars
from .regions import (
    BoxesToMasks as BoxesToMasks,
    CLIPSeg as CLIPSeg,
    Segmenter as Segmenter,
    THRESHOLD as THRESHOLD,
    binary as binary,
    feather as feather,
    found as found,
    grow as grow,
    iou as iou,
    load_segmenter as load_segmenter,
    overlay as overlay,
)
from .robustness import convert_robustness as convert_robustness
from .training import ClassifierTraining as ClassifierTraining, train_classifier as train_classifier
