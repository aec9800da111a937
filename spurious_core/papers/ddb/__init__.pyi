from .causal_parts import rendered_parts as rendered_parts
from .causal_tokens import (
    CAPTION_TEMPLATES as CAPTION_TEMPLATES,
    captions_of as captions_of,
    convergence as convergence,
    learn_tokens as learn_tokens,
    token_of as token_of,
)
from .choosing import (
    image_losses as image_losses,
    inversion_rows as inversion_rows,
    majority_rows as majority_rows,
)
from .cut_paste import cut_and_paste as cut_and_paste, filled as filled
from .recomposed_images import (
    Recomposed as Recomposed,
    other_classes as other_classes,
    recomposition_plan as recomposition_plan,
)
from .recomposing import recompose as recompose
