from .arms import (
    Arm as Arm,
    BASE as BASE,
    CHOSEN as CHOSEN,
    DREAMBOOTH as DREAMBOOTH,
    draw_arm as draw_arm,
    draw_arm_set as draw_arm_set,
    prior_set as prior_set,
    training_config as training_config,
    write_references as write_references,
)
from .example_folder import EXAMPLE_COUNTS as EXAMPLE_COUNTS, write_example_folder as write_example_folder
from .kit import (
    FOLDER_PARTS as FOLDER_PARTS,
    Kit as Kit,
    agree_on_names as agree_on_names,
    class_number as class_number,
    load_kit as load_kit,
    own_classes as own_classes,
    require_fields as require_fields,
)
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
    VARIETY_LIMIT as VARIETY_LIMIT,
    how_judged as how_judged,
    independent_features as independent_features,
    judge_run as judge_run,
    jury_verdicts as jury_verdicts,
    loss_affordable as loss_affordable,
    measures as measures,
    relative_diversity as relative_diversity,
)
