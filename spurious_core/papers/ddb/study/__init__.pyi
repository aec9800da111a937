from .doses import (
    as_many_at_random as as_many_at_random,
    best_of_each_class as best_of_each_class,
    good_pictures as good_pictures,
    last_layer_doses as last_layer_doses,
    pruning_orders as pruning_orders,
)
from .fooling_worlds import (
    FOOLING_WORLDS as FOOLING_WORLDS,
    FoolingWorld as FoolingWorld,
    fooling_worlds as fooling_worlds,
)
from .one_run import DDBResult as DDBResult, run_ddb as run_ddb
from .own_input import OwnInput as OwnInput
from .painting import (
    Painted as Painted,
    learn_words as learn_words,
    paint as paint,
    rows_to_paint as rows_to_paint,
    score_pictures as score_pictures,
    words_config as words_config,
    words_folder as words_folder,
)
from .plan import DDBPlan as DDBPlan, DDB_PLANS as DDB_PLANS, ddb_plan as ddb_plan
from .repeats import (
    CHOOSING as CHOOSING,
    Retrainer as Retrainer,
    best_gamma as best_gamma,
    judging as judging,
    kept_name as kept_name,
    retrain_repeats as retrain_repeats,
)
from .result_figures import (
    dose_panels as dose_panels,
    group_panels as group_panels,
    pasted_sheet as pasted_sheet,
    pruning_panels as pruning_panels,
    recomposed_sheet as recomposed_sheet,
    wga_bars as wga_bars,
    wga_bars_of as wga_bars_of,
    word_size_bars as word_size_bars,
)
from .result_metrics import Entry as Entry, ddb_metrics as ddb_metrics, entries as entries
from .result_tables import (
    ARM_DIFFERENCES as ARM_DIFFERENCES,
    arm_differences as arm_differences,
    doses_table as doses_table,
    group_accuracies as group_accuracies,
    mean_aucs as mean_aucs,
    mean_differences as mean_differences,
    mean_rules as mean_rules,
    mean_wga as mean_wga,
    over_runs as over_runs,
    pruning_table as pruning_table,
    readable_accuracies as readable_accuracies,
    rules_table as rules_table,
    score_aucs as score_aucs,
    wga_table as wga_table,
    without_nan as without_nan,
    word_groups_table as word_groups_table,
    word_sizes_table as word_sizes_table,
    written_folders as written_folders,
)
from .rule_search import (
    judge_rules as judge_rules,
    rule_name as rule_name,
    rule_of as rule_of,
    search_rule as search_rule,
)
from .run_context import (
    DDBRun as DDBRun,
    ddb_runs as ddb_runs,
    plainly_trained as plainly_trained,
    ranking_losses as ranking_losses,
)
from .sources import OwnSource as OwnSource, RenderedSource as RenderedSource, ddb_sources as ddb_sources
from .tools import (
    DDBTools as DDBTools,
    load_ddb_tools as load_ddb_tools,
    require_ddb_fields as require_ddb_fields,
)
