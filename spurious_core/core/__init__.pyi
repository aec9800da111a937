from .accelerators import accelerator as accelerator
from .checks import (
    as_many as as_many,
    finite as finite,
    known as known,
    not_negative as not_negative,
    one_of as one_of,
    positive as positive,
    whole as whole,
    within as within,
)
from .devices import (
    DEVICES as DEVICES,
    PRECISIONS as PRECISIONS,
    dtype_of as dtype_of,
    pick_device as pick_device,
)
from .files import (
    WEIGHT_ENDINGS as WEIGHT_ENDINGS,
    atomic_write as atomic_write,
    checkpoint_hash as checkpoint_hash,
    claim as claim,
    digest as digest,
    in_use as in_use,
    sweep as sweep,
)
from .seeds import generator as generator, seed_of as seed_of
from .settings import (
    Profile as Profile,
    is_hub_id as is_hub_id,
    load_profile as load_profile,
    settings_file as settings_file,
    source_root as source_root,
    split_language_model as split_language_model,
    split_revision as split_revision,
)
