from .drawing_plans import (
    DrawConfig as DrawConfig,
    draw_plan as draw_plan,
    drawn_shards as drawn_shards,
    lost_and_doubled as lost_and_doubled,
    read_config as read_config,
    shard_cells as shard_cells,
)
from .plan_files import (
    ROWS_OF_A_GROUP as ROWS_OF_A_GROUP,
    count_rows as count_rows,
    read_rows as read_rows,
    write_plan as write_plan,
)
