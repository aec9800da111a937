from .calibration import calibration_error as calibration_error, calibration_floor as calibration_floor
from .image_quality import (
    diversity as diversity,
    embed as embed,
    in_distribution as in_distribution,
    memorisation as memorisation,
)
from .intervals import (
    bootstrap as bootstrap,
    expanded_tails as expanded_tails,
    mean_interval as mean_interval,
    minimum_interval as minimum_interval,
    resampling_weights as resampling_weights,
    wilson as wilson,
)
from .jury import (
    NO_OBJECT as NO_OBJECT,
    check_roles as check_roles,
    image_batch as image_batch,
    judge as judge,
)
from .scores import roc_and_ap as roc_and_ap, spurious_scores as spurious_scores
from .summaries import (
    metric_columns as metric_columns,
    paired_difference as paired_difference,
    summarise as summarise,
)
