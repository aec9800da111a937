from .arm_pictures import (
    draw_arm as draw_arm,
    draw_arm_set as draw_arm_set,
    prior_set as prior_set,
    steering_loss as steering_loss,
    training_config as training_config,
    untrained_guide as untrained_guide,
    with_guide as with_guide,
    write_references as write_references,
    wrong_components as wrong_components,
)
from .arms import (
    ARMS as ARMS,
    Arm as Arm,
    BASE as BASE,
    CHOSEN as CHOSEN,
    DREAMBOOTH as DREAMBOOTH,
    arm_places as arm_places,
    arms_named as arms_named,
)
from .candidates import (
    arm_name as arm_name,
    candidate_table as candidate_table,
    form_candidates as form_candidates,
)
from .comparison import (
    ComparedRun as ComparedRun,
    Comparison as Comparison,
    class_name as class_name,
    compare_arms as compare_arms,
    draw_and_judge as draw_and_judge,
    fit_to_card as fit_to_card,
    judge_arm as judge_arm,
    load_comparison_kit as load_comparison_kit,
    passes_of as passes_of,
    passes_table as passes_table,
    reported_sets as reported_sets,
    shared_training as shared_training,
    tuned_on as tuned_on,
    usual_classes as usual_classes,
)
from .diversity import (
    Ideal as Ideal,
    SCENE_METRICS as SCENE_METRICS,
    ideal_diversity as ideal_diversity,
    scene_diversity as scene_diversity,
)
from .example_folder import EXAMPLE_COUNTS as EXAMPLE_COUNTS, write_example_folder as write_example_folder
from .kit import Kit as Kit, agree_on_names as agree_on_names, load_kit as load_kit
from .own_folder import (
    TargetFolder as TargetFolder,
    check_target as check_target,
    find_components as find_components,
    held_out_images as held_out_images,
    own_target as own_target,
    read_target_folder as read_target_folder,
    real_images as real_images,
    target_of as target_of,
)
from .pictures import (
    amount_items as amount_items,
    amount_sheet as amount_sheet,
    arm_sheet as arm_sheet,
    generator_rows as generator_rows,
    interval_rows as interval_rows,
    reference_sheet as reference_sheet,
    run_sheet as run_sheet,
)
from .plans import (
    CLASS_WISE_PLANS as CLASS_WISE_PLANS,
    ClassWisePlan as ClassWisePlan,
    ComparisonPlan as ComparisonPlan,
    FORMS_PLANS as FORMS_PLANS,
    FormsPlan as FormsPlan,
    TUNED_ON as TUNED_ON,
    plan_for as plan_for,
)
from .run_tables import (
    FILE as FILE,
    by_generator as by_generator,
    gain_by_generator as gain_by_generator,
    read_runs as read_runs,
    run_table as run_table,
    save_runs as save_runs,
)
from .survey import (
    NO_TRUTH as NO_TRUTH,
    component_panel as component_panel,
    false_alarms as false_alarms,
    feature_name as feature_name,
    planted_feature as planted_feature,
    strongest_component as strongest_component,
    survey_table as survey_table,
)
from .tables import (
    Folded as Folded,
    SCORES as SCORES,
    WITHOUT_DATASET as WITHOUT_DATASET,
    arm_scores as arm_scores,
    by_arm as by_arm,
    by_class as by_class,
    by_pair as by_pair,
    dataset_key as dataset_key,
    metric_entries as metric_entries,
    one_row_a_run as one_row_a_run,
    pair_name as pair_name,
    reference_table as reference_table,
    spread as spread,
    the_bar as the_bar,
)
from .target import (
    CLASS_PROMPT as CLASS_PROMPT,
    INSTANCE_PROMPT as INSTANCE_PROMPT,
    Target as Target,
    detect as detect,
    feature_bank as feature_bank,
    feature_split as feature_split,
    find_target as find_target,
    loss_of as loss_of,
    without_placeholder as without_placeholder,
)
from .verdicts import (
    how_judged as how_judged,
    independent_features as independent_features,
    judge_run as judge_run,
    jury_verdicts as jury_verdicts,
    measures as measures,
    relative_diversity as relative_diversity,
)
