from .benchmark import (
    compare_recipes as compare_recipes,
    draw_benchmark as draw_benchmark,
    pairs_rendered as pairs_rendered,
)
from .competition import (
    compete as compete,
    fixed_features as fixed_features,
    rank_methods as rank_methods,
    task_variants as task_variants,
)
from .dependency import (
    Dependency as Dependency,
    MEASURES as MEASURES,
    Mine as Mine,
    NORMALISE as NORMALISE,
    Wasserstein as Wasserstein,
    check_features as check_features,
    critic_network as critic_network,
    halving as halving,
    label_vectors as label_vectors,
    normalised as normalised,
    shrunk_cholesky as shrunk_cholesky,
    train_critic as train_critic,
)
from .disentangling import Disentangled as Disentangled, Disentangling as Disentangling
from .drawing import (
    as_grouped as as_grouped,
    draw_shift as draw_shift,
    preview as preview,
    read_inits as read_inits,
    write_inits as write_inits,
)
from .exporting import export_d3s as export_d3s
from .features import (
    CachedFeatures as CachedFeatures,
    features_of as features_of,
    mixed_features as mixed_features,
    network_input as network_input,
    on_features as on_features,
)
from .filtering import (
    doubt_sheet as doubt_sheet,
    doubted as doubted,
    filter_rows as filter_rows,
    kept_split as kept_split,
    only_kept as only_kept,
)
from .judging import (
    accuracy_by as accuracy_by,
    belief_in as belief_in,
    inspect_pictures as inspect_pictures,
    jury_answers as jury_answers,
    missed_by_all as missed_by_all,
    share_row as share_row,
    top1_columns as top1_columns,
)
from .linear_dependence import Canonical as Canonical
from .pairs import (
    accuracy_differences as accuracy_differences,
    pair_heatmaps as pair_heatmaps,
    pair_means as pair_means,
    rank_agreement as rank_agreement,
    truth_rows as truth_rows,
)
from .part_networks import (
    OWN_AND_OTHER as OWN_AND_OTHER,
    chance_rows as chance_rows,
    disentangle_arms as disentangle_arms,
    interval_over_seeds as interval_over_seeds,
    loss_curves as loss_curves,
    penalty_arms as penalty_arms,
    probe_bars as probe_bars,
    probe_networks as probe_networks,
    probe_rows as probe_rows,
    probe_summary as probe_summary,
    probe_table as probe_table,
)
from .pasting import cut_out as cut_out, initial_picture as initial_picture, paste as paste
from .penalty_weights import (
    WeightedPenalty as WeightedPenalty,
    penalty_table as penalty_table,
    probe_penalties as probe_penalties,
    weighted_penalties as weighted_penalties,
)
from .plans import FOREGROUNDS as FOREGROUNDS, Recipe as Recipe, plan_shift as plan_shift
from .probing import (
    PROBES as PROBES,
    PROBE_KINDS as PROBE_KINDS,
    neighbour_sheet as neighbour_sheet,
    neighbours as neighbours,
    probe as probe,
    probes as probes,
)
from .prompts import (
    BACKGROUNDS as BACKGROUNDS,
    DEFINITIONS as DEFINITIONS,
    PROMPT_TEMPLATES as PROMPT_TEMPLATES,
    prompt_of as prompt_of,
)
from .shortcut import (
    ShortcutTask as ShortcutTask,
    plain_network as plain_network,
    plain_training as plain_training,
    shortcut_task as shortcut_task,
    task_accuracy as task_accuracy,
    task_pool as task_pool,
    task_sheet as task_sheet,
    untrained_network as untrained_network,
)
from .sources import (
    BackgroundSource as BackgroundSource,
    ForegroundSource as ForegroundSource,
    PlanRow as PlanRow,
    read_backgrounds as read_backgrounds,
    read_foregrounds as read_foregrounds,
    rendered_backgrounds as rendered_backgrounds,
    rendered_foregrounds as rendered_foregrounds,
)
from .strong_correlation import (
    anticorrelated as anticorrelated,
    anticorrelated_accuracy as anticorrelated_accuracy,
    correlated as correlated,
    linear_head as linear_head,
    usual_backgrounds as usual_backgrounds,
)
from .study import (
    D3SStudy as D3SStudy,
    STUDY_SPLITS as STUDY_SPLITS,
    StudyInputs as StudyInputs,
    record_rows as record_rows,
    study_inputs as study_inputs,
)
from .study_plans import D3SPlan as D3SPlan, D3S_PLANS as D3S_PLANS, plan_of_budget as plan_of_budget
from .training import (
    DISENTANGLING_CHECKPOINT as DISENTANGLING_CHECKPOINT,
    DISENTANGLING_RESULT as DISENTANGLING_RESULT,
    check_pairs as check_pairs,
    disentangle as disentangle,
)
from .variations import (
    recipe_variations as recipe_variations,
    variation_rows as variation_rows,
    variation_sheet as variation_sheet,
    variation_table as variation_table,
)
