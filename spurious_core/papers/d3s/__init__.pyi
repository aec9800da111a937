from . import study as study
from .benchmark import (
    compare_recipes as compare_recipes,
    draw_benchmark as draw_benchmark,
    pairs_rendered as pairs_rendered,
)
from .dependency import (
    Dependency as Dependency,
    MEASURES as MEASURES,
    Mine as Mine,
    NORMALISE as NORMALISE,
    Wasserstein as Wasserstein,
    check_features as check_features,
    critic_network as critic_network,
    halving as halving,
    label_vectors as label_vectors,
    normalised as normalised,
    shrunk_cholesky as shrunk_cholesky,
    train_critic as train_critic,
)
from .disentangling import Disentangled as Disentangled, Disentangling as Disentangling
from .drawing import (
    as_grouped as as_grouped,
    draw_shift as draw_shift,
    preview as preview,
    read_inits as read_inits,
    write_inits as write_inits,
)
from .exporting import export_d3s as export_d3s
from .features import (
    CachedFeatures as CachedFeatures,
    features_of as features_of,
    mixed_features as mixed_features,
    network_input as network_input,
    on_features as on_features,
)
from .judging import (
    accuracy_by as accuracy_by,
    accuracy_row as accuracy_row,
    belief_in as belief_in,
    inspect_pictures as inspect_pictures,
    jury_answers as jury_answers,
    missed_by_all as missed_by_all,
    share_row as share_row,
    top1_columns as top1_columns,
)
from .linear_dependence import Canonical as Canonical
from .pasting import cut_out as cut_out, initial_picture as initial_picture, paste as paste
from .plans import FOREGROUNDS as FOREGROUNDS, Recipe as Recipe, plan_shift as plan_shift
from .probing import (
    PROBES as PROBES,
    PROBE_KINDS as PROBE_KINDS,
    neighbour_sheet as neighbour_sheet,
    neighbours as neighbours,
    probe as probe,
    probes as probes,
)
from .prompts import (
    BACKGROUNDS as BACKGROUNDS,
    DEFINITIONS as DEFINITIONS,
    PROMPT_TEMPLATES as PROMPT_TEMPLATES,
    prompt_of as prompt_of,
)
from .sources import (
    BackgroundSource as BackgroundSource,
    ForegroundSource as ForegroundSource,
    PlanRow as PlanRow,
    read_backgrounds as read_backgrounds,
    read_foregrounds as read_foregrounds,
    rendered_backgrounds as rendered_backgrounds,
    rendered_foregrounds as rendered_foregrounds,
)
from .strong_correlation import (
    anticorrelated as anticorrelated,
    anticorrelated_accuracy as anticorrelated_accuracy,
    correlated as correlated,
    linear_head as linear_head,
    usual_backgrounds as usual_backgrounds,
)
from .training import (
    DISENTANGLING_CHECKPOINT as DISENTANGLING_CHECKPOINT,
    DISENTANGLING_RESULT as DISENTANGLING_RESULT,
    check_pairs as check_pairs,
    disentangle as disentangle,
)
