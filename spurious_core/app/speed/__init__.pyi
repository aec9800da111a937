from .component_sides import ComponentSides as ComponentSides
from .drawing_sides import DrawingSides as DrawingSides
from .fitting_sides import (
    PlainPictures as PlainPictures,
    Refits as Refits,
    fit_side as fit_side,
    plain_loop_side as plain_loop_side,
)
from .plain_recipe import (
    KEPT_PARTS as KEPT_PARTS,
    PlainData as PlainData,
    PlainRecipe as PlainRecipe,
    endless as endless,
    join_halves as join_halves,
    part_shares as part_shares,
)
from .spuco_sides import (
    check_peers as check_peers,
    check_speed as check_speed,
    peer_versions as peer_versions,
    run_elsewhere as run_elsewhere,
    spuco_seconds as spuco_seconds,
    spuco_side as spuco_side,
)
from .training_sides import (
    peer_arguments as peer_arguments,
    peer_side as peer_side,
    run_peer as run_peer,
    seconds_per_step as seconds_per_step,
    trainer_side as trainer_side,
    training_folders as training_folders,
    write_pictures as write_pictures,
)
from .turns import (
    Comparisons as Comparisons,
    SPEED_PLANS as SPEED_PLANS,
    Side as Side,
    SpeedPlan as SpeedPlan,
    median_ratio as median_ratio,
    peer_environment as peer_environment,
    speed_plan as speed_plan,
    take_turns as take_turns,
    wait_for as wait_for,
)
