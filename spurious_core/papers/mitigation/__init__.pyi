from .findings import (
    LITERATURE_ORDER as LITERATURE_ORDER,
    NO_PAIRS as NO_PAIRS,
    accuracy_entries as accuracy_entries,
    benchmark_table as benchmark_table,
    difference_entries as difference_entries,
    gain_figure as gain_figure,
    gains_by_method as gains_by_method,
    method_figures as method_figures,
    order_in_words as order_in_words,
    split_counts as split_counts,
    wga_differences as wga_differences,
)
from .planning import (
    BENCHMARK_BUDGETS as BENCHMARK_BUDGETS,
    BenchmarkPlan as BenchmarkPlan,
    BenchmarkSource as BenchmarkSource,
    MINI_SETS as MINI_SETS,
    SAME_PICTURES as SAME_PICTURES,
    fitting_methods as fitting_methods,
    plan_benchmark as plan_benchmark,
    refusals as refusals,
)
from .trials import Protocol as Protocol, run_trial as run_trial
