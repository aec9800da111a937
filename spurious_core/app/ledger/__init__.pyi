from .claim_rows import (
    CLAIM_VERDICTS as CLAIM_VERDICTS,
    Claim as Claim,
    PAPERS as PAPERS,
    SIDES as SIDES,
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
from .mini_rows import worst_groups_here as worst_groups_here
from .published_rows import (
    SPLIT_FACTS as SPLIT_FACTS,
    SplitFacts as SplitFacts,
    implied_interval as implied_interval,
    level_with_best as level_with_best,
    order_of_pairs as order_of_pairs,
    published as published,
    published_metrics as published_metrics,
    unsettled_pairs as unsettled_pairs,
)
from .readme_numbers import (
    WAYS_TO_WRITE as WAYS_TO_WRITE,
    fill_numbers as fill_numbers,
    number_text as number_text,
    unmarked_numbers as unmarked_numbers,
)
from .writing import (
    evidence_root as evidence_root,
    ledger as ledger,
    ledger_metrics as ledger_metrics,
    readme_text as readme_text,
    verdicts_markdown as verdicts_markdown,
    write_ledger as write_ledger,
)
