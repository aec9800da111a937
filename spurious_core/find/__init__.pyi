from .attacks import attack_steps as attack_steps, feature_attack as feature_attack
from .baselines import cooccurrence as cooccurrence, from_components as from_components
from .chance import benjamini_hochberg as benjamini_hochberg, sign_flip as sign_flip
from .component_tests import spurious_components as spurious_components
from .directions import (
    SAME_DIRECTION as SAME_DIRECTION,
    SpuFix as SpuFix,
    checked_direction as checked_direction,
    component_along as component_along,
    matched_directions as matched_directions,
)
from .discoveries import show_discoveries as show_discoveries, strongest_edits as strongest_edits
from .edit_tests import judge_edits as judge_edits, log_odds as log_odds, plan_edits as plan_edits
from .margins import COUNTS as COUNTS, cover_centres as cover_centres, margin_groups as margin_groups
from .mistake_groups import mistake_tests as mistake_tests
from .neural_pca import (
    NeuralPCA as NeuralPCA,
    fit_neural_pca as fit_neural_pca,
    load_components as load_components,
    save_components as save_components,
)
from .phrases import (
    PHRASE_KINDS as PHRASE_KINDS,
    borrowed_alternatives as borrowed_alternatives,
    cluster_phrases as cluster_phrases,
    normalise as normalise,
    phrase_table as phrase_table,
    similarity as similarity,
)
from .rankings import (
    mark as mark,
    planted_phrases as planted_phrases,
    rank_features as rank_features,
    ranked as ranked,
)
from .rendered_edits import exact_edits as exact_edits
from .shortcuts import (
    classifier_goes_by as classifier_goes_by,
    goes_with_class as goes_with_class,
    shortcut_tests as shortcut_tests,
)
from .shuffles import (
    checked_answers as checked_answers,
    checked_groups as checked_groups,
    shuffled_mean as shuffled_mean,
    shuffled_tail as shuffled_tail,
    strata_of as strata_of,
)
