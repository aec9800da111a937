from .cell_folders import (
    Cell as Cell,
    INPUTS as INPUTS,
    STATES as STATES,
    add_cell as add_cell,
    cell_name as cell_name,
    code_stamp as code_stamp,
    inputs_hash as inputs_hash,
    is_done as is_done,
    list_cells as list_cells,
    note_failure as note_failure,
    publish as publish,
    state_of as state_of,
)
from .claims import (
    CLAIM_FILE as CLAIM_FILE,
    LEASE as LEASE,
    Watch as Watch,
    keeping as keeping,
    release_claims as release_claims,
)
from .engines import ENGINES as ENGINES, Engine as Engine, pick_engine as pick_engine
from .estimating import (
    CellCost as CellCost,
    cost_in_words as cost_in_words,
    cost_of as cost_of,
    estimate_sweep as estimate_sweep,
    in_bytes as in_bytes,
    in_time as in_time,
    measure_cell as measure_cell,
    time_covers as time_covers,
    time_in_words as time_in_words,
)
from .gathering import (
    EXPORTS as EXPORTS,
    FEWEST_SEEDS as FEWEST_SEEDS,
    arm_difference as arm_difference,
    as_file_text as as_file_text,
    gather as gather,
    missing_in_words as missing_in_words,
    mixed_parameters as mixed_parameters,
    notes_of_table as notes_of_table,
    over_seeds as over_seeds,
    varying_parameters as varying_parameters,
)
from .grids import (
    LONGEST_RANGE as LONGEST_RANGE,
    MOST_CELLS as MOST_CELLS,
    check_plain as check_plain,
    grid_cells as grid_cells,
    listed_cells as listed_cells,
    read_values as read_values,
)
from .local_engine import (
    end_processes as end_processes,
    pass_on_lines as pass_on_lines,
    run_locally as run_locally,
    start_process as start_process,
    visible_cards as visible_cards,
    worker_environment as worker_environment,
)
from .ray_engine import (
    CONNECT as CONNECT,
    PROBE as PROBE,
    RayEngine as RayEngine,
    check_address as check_address,
    connect_ray as connect_ray,
    drive as drive,
    run_named as run_named,
    share_of_cards as share_of_cards,
    shipped_environment as shipped_environment,
)
from .slurm_engine import CellJob as CellJob, SlurmEngine as SlurmEngine
from .sweeping import (
    OF_CELL as OF_CELL,
    OF_NUMBER as OF_NUMBER,
    status_in_words as status_in_words,
    study_of as study_of,
    sweep as sweep,
    sweep_status as sweep_status,
)
from .taking_over import take_over as take_over
from .workers import (
    WorkerConfig as WorkerConfig,
    main as main,
    open_cells as open_cells,
    run_cell as run_cell,
    work as work,
)
