from .rehearsal import Footprint as Footprint, rehearse as rehearse
from .shapes import (
    LiveBytes as LiveBytes,
    bytes_of as bytes_of,
    pipeline_of_shapes as pipeline_of_shapes,
    pretend as pretend,
)
