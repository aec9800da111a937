from .claim_rows import (
    Claim as Claim,
    PAPERS as PAPERS,
    SIDES as SIDES,
    VERDICTS as VERDICTS,
    answer as answer,
    claim_table as claim_table,
    claims as claims,
    verdict as verdict,
    verdict_counts as verdict_counts,
)
from .evidence_age import (
    changed_rules as changed_rules,
    evidence_row as evidence_row,
    evidence_table as evidence_table,
    rules_at as rules_at,
    say_changed as say_changed,
)
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
