from .competition import (
    compete as compete,
    fixed_features as fixed_features,
    rank_methods as rank_methods,
    task_variants as task_variants,
    with_generated as with_generated,
)
from .filtering import (
    doubt_sheet as doubt_sheet,
    doubted as doubted,
    filter_rows as filter_rows,
    kept_split as kept_split,
    only_kept as only_kept,
    probe_halves as probe_halves,
)
from .inputs import StudyInputs as StudyInputs, only_classes as only_classes, study_inputs as study_inputs
from .pairs import (
    accuracy_differences as accuracy_differences,
    accuracy_rows as accuracy_rows,
    pair_heatmaps as pair_heatmaps,
    pair_means as pair_means,
    rank_agreement as rank_agreement,
    truth_rows as truth_rows,
)
from .part_networks import (
    OWN_AND_OTHER as OWN_AND_OTHER,
    average_over_seeds as average_over_seeds,
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
from .penalty_weights import (
    WeightedPenalty as WeightedPenalty,
    penalty_table as penalty_table,
    probe_penalties as probe_penalties,
    weighted_penalties as weighted_penalties,
)
from .planted_jurors import (
    juror_accuracies as juror_accuracies,
    juror_bars as juror_bars,
    juror_drops as juror_drops,
    juror_shares as juror_shares,
    planted_juror as planted_juror,
    planted_pictures as planted_pictures,
    planted_world as planted_world,
)
from .setting_up import D3SStudy as D3SStudy, STUDY_SPLITS as STUDY_SPLITS, record_rows as record_rows
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
from .study_plans import D3SPlan as D3SPlan, D3S_PLANS as D3S_PLANS, plan_of_budget as plan_of_budget
from .variations import (
    recipe_variations as recipe_variations,
    variation_rows as variation_rows,
    variation_sheet as variation_sheet,
    variation_table as variation_table,
)
from .withheld import (
    withheld_classes as withheld_classes,
    withheld_task as withheld_task,
    without_withheld as without_withheld,
)
