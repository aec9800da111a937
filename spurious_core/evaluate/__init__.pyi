from .attribute_tests import Signal as Signal, attribute_signal as attribute_signal
from .calibration import calibration_error as calibration_error, calibration_floor as calibration_floor
from .comparisons import (
    as_text as as_text,
    compare as compare,
    compare_pairs as compare_pairs,
    holm as holm,
    plot_methods as plot_methods,
)
from .density_coverage import DensityCoverage as DensityCoverage, density_and_coverage as density_and_coverage
from .group_tables import (
    check_labels as check_labels,
    check_names as check_names,
    check_probs as check_probs,
    check_train_counts as check_train_counts,
    group_table as group_table,
)
from .image_quality import (
    diversity as diversity,
    embed as embed,
    in_distribution as in_distribution,
    memorisation as memorisation,
)
from .intervals import (
    FEWEST as FEWEST,
    bootstrap as bootstrap,
    cautious_interval as cautious_interval,
    expanded_tails as expanded_tails,
    finite_interval as finite_interval,
    mean_interval as mean_interval,
    minimum_interval as minimum_interval,
    resampling_weights as resampling_weights,
    square_and_add as square_and_add,
    wilson as wilson,
)
from .jury import (
    NO_OBJECT as NO_OBJECT,
    check_roles as check_roles,
    image_batch as image_batch,
    judge as judge,
)
from .over_seeds import (
    metrics_by_seed as metrics_by_seed,
    paired_seeds as paired_seeds,
    summarise_seeds as summarise_seeds,
)
from .report_tables import (
    METRIC_NAMES as METRIC_NAMES,
    accuracy_bar as accuracy_bar,
    html_table as html_table,
    in_percent as in_percent,
    text_table as text_table,
)
from .reports import GroupReport as GroupReport, group_report as group_report
from .scores import roc_and_ap as roc_and_ap, spurious_scores as spurious_scores
from .sensitivity import (
    ForegroundSensitivity as ForegroundSensitivity,
    NoiseTest as NoiseTest,
    foreground_sensitivity as foreground_sensitivity,
    noisy_parts as noisy_parts,
    rfs as rfs,
)
from .summaries import (
    metric_columns as metric_columns,
    paired_difference as paired_difference,
    summarise as summarise,
)
from .two_levels import two_level_bootstrap as two_level_bootstrap
