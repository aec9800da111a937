from . import families as families
from . import memory as memory
from . import training as training
from .adapters import (
    AdapterSummary as AdapterSummary,
    EMBEDS as EMBEDS,
    LORA as LORA,
    summarise_adapter as summarise_adapter,
    use_adapter as use_adapter,
)
from .edit_plans import at_side as at_side, edit_plan as edit_plan, touched as touched
from .editing import (
    EditSettings as EditSettings,
    edit_strip as edit_strip,
    follows_instructions as follows_instructions,
    instruction as instruction,
    remove as remove,
    replace_background as replace_background,
)
from .exporting import export_spurious_imagenet as export_spurious_imagenet
from .forms import (
    Alpha as Alpha,
    Amount as Amount,
    CENTERS as CENTERS,
    Contrast as Contrast,
    Cosine as Cosine,
    Distance as Distance,
    Distribution as Distribution,
    Evidence as Evidence,
    FORMER_UNITS as FORMER_UNITS,
    FORMS as FORMS,
    Features as Features,
    Fence as Fence,
    Form as Form,
    Guard as Guard,
    Hinge as Hinge,
    LogProbability as LogProbability,
    SMALLEST_SPREAD as SMALLEST_SPREAD,
    UNITS as UNITS,
    object_direction as object_direction,
)
from .generating import generate as generate, regenerate as regenerate
from .image_sets import (
    HASHES as HASHES,
    ImageSet as ImageSet,
    METADATA as METADATA,
    PART as PART,
    append_metadata as append_metadata,
    collect_parts as collect_parts,
    finished_rows as finished_rows,
    load_image_set as load_image_set,
    locate_pictures as locate_pictures,
    make_set_rows as make_set_rows,
    picture_hash as picture_hash,
    pipeline_hash as pipeline_hash,
    portable_path as portable_path,
    provenance as provenance,
    read_metadata as read_metadata,
    save_images as save_images,
    weights_hash as weights_hash,
    write_metadata as write_metadata,
)
from .one_step import check_decoder as check_decoder, one_step_images as one_step_images
from .plans import (
    GENERATED_COLUMNS as GENERATED_COLUMNS,
    MOST_PLANNED as MOST_PLANNED,
    PICTURES as PICTURES,
    batch_rows as batch_rows,
    is_absent as is_absent,
    plan_prompts as plan_prompts,
    plan_rows as plan_rows,
    prompts_of as prompts_of,
    source_of as source_of,
)
from .processes import Processes as Processes
from .references import (
    LARGEST_RATIO as LARGEST_RATIO,
    bucket_sizes as bucket_sizes,
    load_in_buckets as load_in_buckets,
    load_references as load_references,
    read_captions as read_captions,
    read_references as read_references,
)
from .sampling import (
    PromptCache as PromptCache,
    check_rows as check_rows,
    checked_steps as checked_steps,
    draw_batch as draw_batch,
    known_sampler as known_sampler,
    make_sampler as make_sampler,
    sample_images as sample_images,
    sampler_name as sampler_name,
)
from .similarity_loss import (
    SimilarityLoss as SimilarityLoss,
    SimilarityLossConfig as SimilarityLossConfig,
    cutouts as cutouts,
    see as see,
)
from .starts import picture_side as picture_side, start_rows as start_rows
from .windows import (
    check_new_word as check_new_word,
    lost_words as lost_words,
    warn_of_lost_words as warn_of_lost_words,
    window_of as window_of,
)
