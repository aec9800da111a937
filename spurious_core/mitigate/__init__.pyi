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
from .config import (
    AUGMENTS as AUGMENTS,
    MitigationConfig as MitigationConfig,
    OPTIMISERS as OPTIMISERS,
    SCHEDULES as SCHEDULES,
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
from .selection import SELECTIONS as SELECTIONS, scores as scores
