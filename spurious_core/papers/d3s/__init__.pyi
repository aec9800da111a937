from .drawing import (
    as_grouped as as_grouped,
    draw_shift as draw_shift,
    preview as preview,
    read_inits as read_inits,
    write_inits as write_inits,
)
from .judging import (
    accuracy_by as accuracy_by,
    belief_in as belief_in,
    inspect_pictures as inspect_pictures,
    jury_answers as jury_answers,
    missed_by_all as missed_by_all,
    share_row as share_row,
    top1_columns as top1_columns,
)
from .pasting import cut_out as cut_out, initial_picture as initial_picture, paste as paste
from .plans import FOREGROUNDS as FOREGROUNDS, Recipe as Recipe, plan_shift as plan_shift
from .prompts import (
    BACKGROUNDS as BACKGROUNDS,
    DEFINITIONS as DEFINITIONS,
    PROMPT_TEMPLATES as PROMPT_TEMPLATES,
    prompt_of as prompt_of,
)
from .sources import (
    BackgroundSource as BackgroundSource,
    ForegroundSource as ForegroundSource,
    PlanRow as PlanRow,
    read_backgrounds as read_backgrounds,
    read_foregrounds as read_foregrounds,
    rendered_backgrounds as rendered_backgrounds,
    rendered_foregrounds as rendered_foregrounds,
)
