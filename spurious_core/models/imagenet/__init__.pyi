from .labels import (
    BACKGROUND as BACKGROUND,
    drop_background as drop_background,
    from_extra as from_extra,
    has_background as has_background,
    imagenet_labels as imagenet_labels,
)
from .packaged import (
    PACKAGED as PACKAGED,
    Packaged as Packaged,
    load_packaged as load_packaged,
    packaged_file as packaged_file,
    packaged_name as packaged_name,
)
