from . import imagenet as imagenet
from . import language as language
from .adversarial import pgd_l2 as pgd_l2
from .captioners import CAPTIONERS as CAPTIONERS, Captioner as Captioner, load_captioner as load_captioner
from .captioning import CAPTION_COLUMNS as CAPTION_COLUMNS, caption_images as caption_images
from .classifier import Classifier as Classifier, evaluate_batches as evaluate_batches
from .features import as_features as as_features, penultimate_features as penultimate_features
from .loading import (
    load_classifier as load_classifier,
    resnet_of as resnet_of,
    save_classifier as save_classifier,
    transformers_key as transformers_key,
)
from .masks import (
    THRESHOLD as THRESHOLD,
    binary as binary,
    feather as feather,
    found as found,
    grow as grow,
    iou as iou,
    overlay as overlay,
)
from .pipeline_files import (
    LEFT_OUT as LEFT_OUT,
    Part as Part,
    cached as cached,
    fetch_pipeline as fetch_pipeline,
    first_line as first_line,
    lacking as lacking,
    lost_shards as lost_shards,
    networks_of as networks_of,
    pipeline_parts as pipeline_parts,
    read_index as read_index,
    tokenizer_fault as tokenizer_fault,
    wanted_files as wanted_files,
    weight_files as weight_files,
    weight_format as weight_format,
)
from .pipelines import (
    check_index as check_index,
    find_class as find_class,
    left_out as left_out,
    load_pipeline as load_pipeline,
    load_tiny_decoder as load_tiny_decoder,
    pipeline_class as pipeline_class,
)
from .preprocessing import (
    IMAGENET as IMAGENET,
    Preprocess as Preprocess,
    as_pixels as as_pixels,
    preprocess_of as preprocess_of,
    read_preprocess as read_preprocess,
    sample_windows as sample_windows,
    write_preprocess as write_preprocess,
)
from .quiet import without_progress_bars as without_progress_bars, without_warnings as without_warnings
from .robustness import convert_robustness as convert_robustness
from .segmenter_loading import load_segmenter as load_segmenter
from .segmenters import BoxesToMasks as BoxesToMasks, CLIPSeg as CLIPSeg, Segmenter as Segmenter
from .training import ClassifierTraining as ClassifierTraining, train_classifier as train_classifier
