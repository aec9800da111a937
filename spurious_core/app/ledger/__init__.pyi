from .literature_figures import published_figure as published_figure
from .published_rows import (
    SplitFacts as SplitFacts,
    TEST_SETS as TEST_SETS,
    implied_interval as implied_interval,
    level_with_best as level_with_best,
    order_of_pairs as order_of_pairs,
    published as published,
    published_metrics as published_metrics,
    unsettled_pairs as unsettled_pairs,
)
