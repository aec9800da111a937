from . import training as training
from .adapters import EMBEDS as EMBEDS, LORA as LORA, use_adapter as use_adapter
from .image_sets import (
    METADATA as METADATA,
    PART as PART,
    collect_parts as collect_parts,
    finished_rows as finished_rows,
    load_image_set as load_image_set,
    locate_pictures as locate_pictures,
    make_set_rows as make_set_rows,
    pipeline_hash as pipeline_hash,
    portable_path as portable_path,
    provenance as provenance,
    read_metadata as read_metadata,
    save_images as save_images,
    write_metadata as write_metadata,
)
from .plans import (
    GENERATED_COLUMNS as GENERATED_COLUMNS,
    PICTURES as PICTURES,
    batch_rows as batch_rows,
    is_absent as is_absent,
    plan_prompts as plan_prompts,
    plan_rows as plan_rows,
    source_of as source_of,
)
from .processes import Processes as Processes
from .sampling import (
    PromptCache as PromptCache,
    SAMPLERS as SAMPLERS,
    draw_batch as draw_batch,
    make_sampler as make_sampler,
    sample_images as sample_images,
)
from .starts import Start as Start, picture_side as picture_side, start_rows as start_rows
