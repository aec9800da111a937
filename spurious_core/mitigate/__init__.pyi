from . import methods as methods
from .batches import (
    Batches as Batches,
    balanced_weights as balanced_weights,
    halves as halves,
    held_out as held_out,
    in_batches as in_batches,
    prefetch as prefetch,
    rng_of as rng_of,
    shuffled as shuffled,
    subsample as subsample,
    weighted as weighted,
)
from .composed_loss import (
    Composed as Composed,
    check_gamma as check_gamma,
    composed_batches as composed_batches,
    part_weights as part_weights,
    parts_of as parts_of,
)
from .config import (
    AUGMENTS as AUGMENTS,
    MitigationConfig as MitigationConfig,
    OPTIMISERS as OPTIMISERS,
    SCHEDULES as SCHEDULES,
)
from .fitting import Fitted as Fitted, fit as fit
from .group_checks import check_groups as check_groups
from .linear_heads import (
    Head as Head,
    feature_scale as feature_scale,
    fit_linear_head as fit_linear_head,
    logistic_head as logistic_head,
    raw_head as raw_head,
)
from .method import Hyperparameter as Hyperparameter, Method as Method
from .networks import (
    new_classifier as new_classifier,
    restrict_labels as restrict_labels,
    seeded as seeded,
    small_resnet as small_resnet,
    with_head as with_head,
)
from .objectives import Batch as Batch, CrossEntropy as CrossEntropy, random_views as random_views
from .optimisers import make_optimiser as make_optimiser
from .presets import MITIGATION_PRESETS as MITIGATION_PRESETS, preset as preset
from .registry import (
    METHODS as METHODS,
    find_method as find_method,
    method_names as method_names,
    methods_table as methods_table,
)
from .resumable import (
    ResumableRun as ResumableRun,
    TRAINING_CHECKPOINT as TRAINING_CHECKPOINT,
    TRAINING_SCRATCH as TRAINING_SCRATCH,
    fingerprint as fingerprint,
    weights_digest as weights_digest,
)
from .selection import SELECTIONS as SELECTIONS, scores as scores
from .trainer import Run as Run, train_stage as train_stage, train_step as train_step
