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
from .comparing import (
    ArmResults as ArmResults,
    compare_ffr_arms as compare_ffr_arms,
    draw_pool as draw_pool,
    ffr_pipeline as ffr_pipeline,
    ffr_sets as ffr_sets,
    hold_out as hold_out,
)
from .drawing import draw_groups as draw_groups, group_prompts as group_prompts, take as take
from .planning import (
    FFRPlan as FFRPlan,
    FFR_BUDGETS as FFR_BUDGETS,
    USUAL_ATTRIBUTES as USUAL_ATTRIBUTES,
    plan_ffr as plan_ffr,
)
from .probe import origin_auc as origin_auc, shortcut_probe as shortcut_probe
from .results import (
    arms_table as arms_table,
    chosen_rates as chosen_rates,
    ffr_entries as ffr_entries,
    ffr_leads as ffr_leads,
    flips_figure as flips_figure,
    leads_in_words as leads_in_words,
    origin_by_arm as origin_by_arm,
    origin_by_ratio as origin_by_ratio,
    origin_sheet as origin_sheet,
    origin_wide as origin_wide,
    synthetic_table as synthetic_table,
    wga_by_arm as wga_by_arm,
    wga_figure as wga_figure,
)
