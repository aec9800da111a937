from .arms import (
    ArmSources as ArmSources,
    by_origin as by_origin,
    choose_rate as choose_rate,
    first_stage as first_stage,
    fit_arm as fit_arm,
    mixed as mixed,
)
from .budgets import (
    SYNTHETIC as SYNTHETIC,
    biased as biased,
    group_counts as group_counts,
    synthetic_counts as synthetic_counts,
)
from .drawing import draw_groups as draw_groups, group_prompts as group_prompts, take as take
from .probe import origin_auc as origin_auc, shortcut_probe as shortcut_probe
