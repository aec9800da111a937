from . import aspire as aspire
from . import class_wise as class_wise
from . import d3s as d3s
from . import ffr as ffr
from .causal_tokens import (
    TEMPLATES as TEMPLATES,
    captions_of as captions_of,
    convergence as convergence,
    image_losses as image_losses,
    inversion_rows as inversion_rows,
    learn_tokens as learn_tokens,
    token_of as token_of,
)
from .ddb import (
    Composed as Composed,
    DDB as DDB,
    check_gamma as check_gamma,
    composed_batches as composed_batches,
    composed_head as composed_head,
    fit_ddb as fit_ddb,
    held_out_agreement as held_out_agreement,
    part_weights as part_weights,
    parts_of as parts_of,
)
from .prune import (
    Rule as Rule,
    agreement as agreement,
    attributions as attributions,
    candidate_rules as candidate_rules,
    choose_rule as choose_rule,
    folds as folds,
    old_class as old_class,
    painted_part as painted_part,
    pruning_examples as pruning_examples,
    pruning_plot as pruning_plot,
)
from .recompose import (
    Recomposed as Recomposed,
    cut_and_paste as cut_and_paste,
    filled as filled,
    majority_rows as majority_rows,
    other_classes as other_classes,
    recompose as recompose,
    rendered_parts as rendered_parts,
)
