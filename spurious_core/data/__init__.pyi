from . import readers as readers
from .miniworld import Item as Item, Render as Render, render as render
from .objects import OBJECT_PAINTERS as OBJECT_PAINTERS, paint_object as paint_object
from .props import PROP_PAINTERS as PROP_PAINTERS, SLOTS as SLOTS, paint_props as paint_props
from .scenes import (
    HORIZONS as HORIZONS,
    PALETTE as PALETTE,
    SCENE_PAINTERS as SCENE_PAINTERS,
    USUAL_HORIZON as USUAL_HORIZON,
    ground as ground,
    paint_scene as paint_scene,
)
from .shapes import (
    Brush as Brush,
    Colour as Colour,
    SUPERSAMPLING as SUPERSAMPLING,
    jitter as jitter,
    over as over,
    shrink as shrink,
)
from .vocabulary import (
    AMOUNTS as AMOUNTS,
    OBJECTS as OBJECTS,
    PROPS as PROPS,
    SCENES as SCENES,
    caption as caption,
)
