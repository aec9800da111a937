from .bar_choices import (
    CHOICE_RULES as CHOICE_RULES,
    agreements as agreements,
    choice_figure as choice_figure,
    method_choices as method_choices,
)
from .bar_trials import (
    BAR_METRICS as BAR_METRICS,
    SURENESS as SURENESS,
    TrainedDepth as TrainedDepth,
    UNSURE as UNSURE,
    bar_entries as bar_entries,
    bar_gains as bar_gains,
    bar_pairs as bar_pairs,
    bar_table as bar_table,
    bar_trial as bar_trial,
    kept_trial as kept_trial,
    last_layer_depth as last_layer_depth,
    part_pictures as part_pictures,
    refused as refused,
    with_inferred_groups as with_inferred_groups,
)
from .colour_segmenter import ColourSegmenter as ColourSegmenter
from .components import (
    TileTest as TileTest,
    compare_tiles as compare_tiles,
    held_out_areas as held_out_areas,
    rank_shares as rank_shares,
    separation as separation,
    tile_tests_table as tile_tests_table,
)
from .cues import (
    CUES as CUES,
    THINGS as THINGS,
    cue_shares as cue_shares,
    followed_cues as followed_cues,
    shape_bias as shape_bias,
    things_seen as things_seen,
)
from .exchanges import (
    MASK_SHARES as MASK_SHARES,
    exchange_parts as exchange_parts,
    exchanged_features as exchanged_features,
    exchanged_pictures as exchanged_pictures,
    plan_exchanges as plan_exchanges,
    with_exchanges as with_exchanges,
)
from .feature_images import (
    FeatureImages as FeatureImages,
    Standardise as Standardise,
    as_feature_images as as_feature_images,
    fold as fold,
    last_layer as last_layer,
)
from .guided_steps import (
    GuidedSteps as GuidedSteps,
    estimate_alpha as estimate_alpha,
    guided_steps as guided_steps,
)
from .last_blocks import (
    FirstBlocks as FirstBlocks,
    N_BLOCKS as N_BLOCKS,
    Unfold as Unfold,
    as_map_images as as_map_images,
    features_of_maps as features_of_maps,
    last_blocks as last_blocks,
    last_blocks_depth as last_blocks_depth,
    unparted as unparted,
)
from .outputs import (
    cached_features as cached_features,
    load_networks as load_networks,
    logits_of as logits_of,
    whole_squares as whole_squares,
)
from .plans import (
    BAR_BUDGETS as BAR_BUDGETS,
    BarPlan as BarPlan,
    COUNTED as COUNTED,
    EXCHANGES as EXCHANGES,
    INFERRED as INFERRED,
    REAL_BUDGETS as REAL_BUDGETS,
    RealPlan as RealPlan,
    UNTOLD as UNTOLD,
    plan_bar as plan_bar,
    plan_real as plan_real,
    some_rows as some_rows,
)
from .real_figures import (
    CUE_CREDIT as CUE_CREDIT,
    areas_figure as areas_figure,
    components_figure as components_figure,
    cue_examples as cue_examples,
    cues_figure as cues_figure,
    votes_at_once as votes_at_once,
    votes_figure as votes_figure,
    votes_sheet as votes_sheet,
)
from .spurious_areas import class_areas as class_areas, corrected as corrected, spufix_area as spufix_area
from .tile_folders import tile_classes as tile_classes, write_tile_folder as write_tile_folder
from .votes import (
    class_ranks as class_ranks,
    network_agreement as network_agreement,
    shares_over_classes as shares_over_classes,
    vote_table as vote_table,
    votes_by_chance as votes_by_chance,
)
