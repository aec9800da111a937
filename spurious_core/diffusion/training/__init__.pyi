from .caches import (
    draw_timesteps as draw_timesteps,
    endless_order as endless_order,
    latent_moments as latent_moments,
)
from .config import (
    LARGEST_RANK as LARGEST_RANK,
    LR_SCHEDULES as LR_SCHEDULES,
    MOST_VECTORS as MOST_VECTORS,
    OPTIMIZERS as OPTIMIZERS,
    PERSONALIZE_METHODS as PERSONALIZE_METHODS,
    PersonalizeConfig as PersonalizeConfig,
    SAVINGS as SAVINGS,
)
from .learner import (
    Learner as Learner,
    average_gradients as average_gradients,
    mean_row as mean_row,
    optimizer_maker as optimizer_maker,
    parameter_groups as parameter_groups,
    rate_schedule as rate_schedule,
)
from .origin import add_header as add_header, base_of as base_of, origin_of as origin_of
from .personalizing import (
    Given as Given,
    build_trainer as build_trainer,
    claim_run as claim_run,
    identity_of as identity_of,
    personalize as personalize,
    training_pictures as training_pictures,
)
from .savings import (
    compile_repeated_blocks as compile_repeated_blocks,
    eight_bit_saving as eight_bit_saving,
    has_torchao as has_torchao,
    linear_layers as linear_layers,
    on_cpu as on_cpu,
    repeated_blocks as repeated_blocks,
    to_eight_bits as to_eight_bits,
    without_advice_of_merging as without_advice_of_merging,
)
from .steps import (
    BatchSampler as BatchSampler,
    ImageTerm as ImageTerm,
    NoisyBatch as NoisyBatch,
    PromptEncoder as PromptEncoder,
    TrainingPictures as TrainingPictures,
    TrainingStep as TrainingStep,
    gate_of as gate_of,
)
from .trainable import (
    check_targets as check_targets,
    damage_of_adapter as damage_of_adapter,
    frozen as frozen,
    make_trainable as make_trainable,
    recomputed_activations as recomputed_activations,
    save_adapter as save_adapter,
    taught_encoders as taught_encoders,
    working_copy as working_copy,
)
from .trainer import (
    BEST_FILE as BEST_FILE,
    CHECKPOINT_FILE as CHECKPOINT_FILE,
    HALF_WRITTEN as HALF_WRITTEN,
    LOG_FILE as LOG_FILE,
    RESULT_FILE as RESULT_FILE,
    Trainer as Trainer,
    UNFINISHED_FILES as UNFINISHED_FILES,
    Validation as Validation,
    cut_log as cut_log,
    settle as settle,
)
