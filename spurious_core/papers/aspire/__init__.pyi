from .cure_arms import (
    FEWEST_TO_LEARN_FROM as FEWEST_TO_LEARN_FROM,
    Material as Material,
    class_sources as class_sources,
    draw_cure_arm as draw_cure_arm,
)
from .cure_tables import (
    POOLED as POOLED,
    cure_scores as cure_scores,
    cure_wga_table as cure_wga_table,
    gain_table as gain_table,
    side_by_side as side_by_side,
)
from .cure_worlds import (
    CURE_WORLDS as CURE_WORLDS,
    CureWorld as CureWorld,
    cure_parts as cure_parts,
    cure_world_names as cure_world_names,
)
from .curing import (
    Cured as Cured,
    cure_world as cure_world,
    find_material as find_material,
    report_groups as report_groups,
)
from .discovery import Findings as Findings, choose_edited as choose_edited, find_features as find_features
from .drawing import class_prompts as class_prompts, draw_classes as draw_classes
from .edits import (
    EMPTY_SCENE as EMPTY_SCENE,
    edit_images as edit_images,
    edit_prompts as edit_prompts,
    scene_prompt as scene_prompt,
    surroundings as surroundings,
)
from .learning import (
    class_config as class_config,
    class_word as class_word,
    describe_edits as describe_edits,
    learn_class as learn_class,
)
from .marking import (
    MARKED_LISTS as MARKED_LISTS,
    REPORTED_COLUMNS as REPORTED_COLUMNS,
    all_reported as all_reported,
    evidence_entries as evidence_entries,
    mark_lists as mark_lists,
    marks_grid as marks_grid,
    reported as reported,
)
from .pictures import (
    cure_wga_figure as cure_wga_figure,
    drawn_sheet as drawn_sheet,
    edits_sheet as edits_sheet,
    save_discoveries as save_discoveries,
    top_features as top_features,
    worlds_sheet as worlds_sheet,
)
from .retraining import add_generated as add_generated, retrain as retrain, with_origin as with_origin
from .searching import (
    Searched as Searched,
    by_components as by_components,
    by_confidence as by_confidence,
    by_edits_beyond_shift as by_edits_beyond_shift,
    by_edits_of as by_edits_of,
    by_exact_edits as by_exact_edits,
    by_flips as by_flips,
    first_of_class as first_of_class,
    search_world as search_world,
)
from .settings import (
    BACKGROUND_SOURCES as BACKGROUND_SOURCES,
    CURE_ARMS as CURE_ARMS,
    CureArm as CureArm,
    DiscoveryConfig as DiscoveryConfig,
    LEARNING_RECIPES as LEARNING_RECIPES,
)
from .study_plans import (
    ASPIRE_PLANS as ASPIRE_PLANS,
    AspirePlan as AspirePlan,
    AspireRun as AspireRun,
    aspire_plan as aspire_plan,
    images_to_cure as images_to_cure,
)
from .tools import Tools as Tools, load_tools as load_tools
