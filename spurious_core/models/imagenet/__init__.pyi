from .label_names import (
    label_number as label_number,
    labels_meant as labels_meant,
    plain_name as plain_name,
    synonyms as synonyms,
)
from .labels import (
    BACKGROUND as BACKGROUND,
    drop_background as drop_background,
    from_extra as from_extra,
    has_background as has_background,
    imagenet_labels as imagenet_labels,
    wordnet_position as wordnet_position,
)
from .packaged import (
    PACKAGED as PACKAGED,
    Packaged as Packaged,
    load_packaged as load_packaged,
    packaged_file as packaged_file,
    packaged_name as packaged_name,
)
