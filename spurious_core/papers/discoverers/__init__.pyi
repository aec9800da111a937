from .edit_method import (
    Edits as Edits,
    candidate_phrases as candidate_phrases,
    edit_p_values as edit_p_values,
    findable as findable,
)
from .network_methods import (
    AttributionClusters as AttributionClusters,
    ErrorMixtures as ErrorMixtures,
    NeuralComponents as NeuralComponents,
    attribution_maps as attribution_maps,
    cluster_words as cluster_words,
    component_pulls as component_pulls,
    error_slices as error_slices,
)
from .plans import (
    DISCOVERY_BUDGETS as DISCOVERY_BUDGETS,
    DISCOVERY_METHODS as DISCOVERY_METHODS,
    TRIAL_KINDS as TRIAL_KINDS,
    plan_discovery as plan_discovery,
)
from .reports import (
    Discoverer as Discoverer,
    FEATURES as FEATURES,
    feature_scores as feature_scores,
    marks_of as marks_of,
    planted_features as planted_features,
    reported_features as reported_features,
)
from .trial_results import (
    discovery_entries as discovery_entries,
    discovery_table as discovery_table,
    false_share as false_share,
    method_entries as method_entries,
    show_discovery as show_discovery,
)
from .trial_worlds import (
    PLANT_STRENGTHS as PLANT_STRENGTHS,
    Trial as Trial,
    make_trial as make_trial,
    trial_world as trial_world,
)
from .trials import (
    shared_describer as shared_describer,
    try_discoverer as try_discoverer,
    try_world as try_world,
)
from .usage_tests import (
    shuffles as shuffles,
    usage_tests as usage_tests,
    with_association as with_association,
    within_strata as within_strata,
)
from .word_methods import (
    CaptionKeywords as CaptionKeywords,
    Cooccurrence as Cooccurrence,
    random_order as random_order,
)
from .wording import (
    Describer as Describer,
    goes_with_each as goes_with_each,
    named_features as named_features,
)
