from . import exports as exports
from . import mirrors as mirrors
from . import photographs as photographs
from . import readers as readers
from .codes import codes_and_names as codes_and_names, names_of as names_of
from .digits import SHARES as SHARES, digit_images as digit_images
from .grouped import GroupedImages as GroupedImages, ORIGINS as ORIGINS, SPLITS as SPLITS, listing as listing
from .joined import concatenate as concatenate
from .manifests import (
    FIELDS as FIELDS,
    MOST_ROWS as MOST_ROWS,
    draw as draw,
    items_of as items_of,
    sample as sample,
    write_folder as write_folder,
)
from .miniworld import (
    Item as Item,
    LARGEST_SIDE as LARGEST_SIDE,
    Render as Render,
    checked_size as checked_size,
    render as render,
)
from .objects import OBJECT_PAINTERS as OBJECT_PAINTERS, paint_object as paint_object
from .props import PROP_PAINTERS as PROP_PAINTERS, SLOTS as SLOTS, paint_props as paint_props
from .reading import READERS as READERS, read_dataset as read_dataset
from .rendered import undrawn_images as undrawn_images, world_images as world_images
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
from .squares import Box as Box, CHECKED as CHECKED, read_squares as read_squares, unreadable as unreadable
from .vocabulary import (
    AMOUNTS as AMOUNTS,
    OBJECTS as OBJECTS,
    PROPS as PROPS,
    SCENES as SCENES,
    caption as caption,
)
from .worlds import (
    Plant as Plant,
    WORLDS as WORLDS,
    World as World,
    checked_world as checked_world,
    get_world as get_world,
)
