from .cards import (
    CARDS as CARDS,
    CardPlanner as CardPlanner,
    CardSettings as CardSettings,
    FitsNowhereError as FitsNowhereError,
    cards_table as cards_table,
    fits_on as fits_on,
    has_eight_bit as has_eight_bit,
    one_at_a_time as one_at_a_time,
    savings_of as savings_of,
)
from .rehearsal import Footprint as Footprint, rehearse as rehearse
from .shapes import (
    LiveBytes as LiveBytes,
    bytes_of as bytes_of,
    pipeline_of_shapes as pipeline_of_shapes,
    pretend as pretend,
)
