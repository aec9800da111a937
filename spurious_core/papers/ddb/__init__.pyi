from . import study as study
from .causal_parts import rendered_parts as rendered_parts, segmented_parts as segmented_parts
from .causal_tokens import (
    CAPTION_TEMPLATES as CAPTION_TEMPLATES,
    captions_of as captions_of,
    convergence as convergence,
    learn_tokens as learn_tokens,
    token_of as token_of,
)
from .choosing import (
    image_losses as image_losses,
    inversion_rows as inversion_rows,
    majority_rows as majority_rows,
)
from .criteria import attributions as attributions, old_class as old_class, painted_part as painted_part
from .cut_paste import cut_and_paste as cut_and_paste, filled as filled
from .out_of_fold import (
    folds as folds,
    held_out_agreement as held_out_agreement,
    new_class_agreement as new_class_agreement,
)
from .pruning_figures import pruning_examples as pruning_examples, pruning_plot as pruning_plot
from .recomposed_images import (
    Recomposed as Recomposed,
    other_classes as other_classes,
    recomposition_plan as recomposition_plan,
)
from .recomposing import recompose as recompose
from .retraining import fit_ddb as fit_ddb
from .rules import (
    CRITERIA as CRITERIA,
    Rule as Rule,
    candidate_rules as candidate_rules,
    choose_rule as choose_rule,
)
