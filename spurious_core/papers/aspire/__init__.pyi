from .discovery import (
    BACKGROUND_SOURCES as BACKGROUND_SOURCES,
    DiscoveryConfig as DiscoveryConfig,
    Findings as Findings,
    choose_edited as choose_edited,
    find_features as find_features,
)
from .drawing import class_prompts as class_prompts, draw_classes as draw_classes
from .edits import (
    EMPTY_SCENE as EMPTY_SCENE,
    edit_images as edit_images,
    edit_prompts as edit_prompts,
    scene_prompt as scene_prompt,
    surroundings as surroundings,
)
from .learning import (
    LEARNING_RECIPES as LEARNING_RECIPES,
    class_config as class_config,
    class_word as class_word,
    describe_edits as describe_edits,
    learn_class as learn_class,
)
from .retraining import add_generated as add_generated, retrain as retrain, with_origin as with_origin
from .tools import Tools as Tools, load_tools as load_tools
