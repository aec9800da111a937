from .drawn_sets import (
    DrawnSet as DrawnSet,
    accuracy_on as accuracy_on,
    balanced_real as balanced_real,
    draw_set as draw_set,
    measure_set as measure_set,
    train_plainly as train_plainly,
)
from .generator_arms import (
    SeedResults as SeedResults,
    compare_cures as compare_cures,
    compare_fillings as compare_fillings,
    compare_seed as compare_seed,
)
from .generator_plans import (
    CURE_ARMS_COMPARED as CURE_ARMS_COMPARED,
    GENERATOR_BUDGETS as GENERATOR_BUDGETS,
    GeneratorPlan as GeneratorPlan,
    USUAL_GENERATORS as USUAL_GENERATORS,
    generator_profiles as generator_profiles,
    plan_generators as plan_generators,
)
from .generator_results import (
    generator_entries as generator_entries,
    generator_leads as generator_leads,
    generator_measures as generator_measures,
    generator_measures_figure as generator_measures_figure,
    generator_sheet as generator_sheet,
    generator_wga as generator_wga,
    generator_wga_figure as generator_wga_figure,
)
