from .bar import BAR_PLACES as BAR_PLACES, bar as bar
from .tables import (
    PHOTOGRAPHS as PHOTOGRAPHS,
    class_photographs as class_photographs,
    cue_conflict as cue_conflict,
    lacking_photographs as lacking_photographs,
    mini_imagenet as mini_imagenet,
    spurious_tiles as spurious_tiles,
)
