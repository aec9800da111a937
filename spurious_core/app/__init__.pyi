from . import audit as audit
from . import commands as commands
from . import drawing as drawing
from . import dry_run as dry_run
from . import ledger as ledger
from . import report as report
from . import site as site
from . import speed as speed
from . import sweeps as sweeps
from .checkpoint_lookup import (
    MILLIONS as MILLIONS,
    PIPELINE_FIELDS as PIPELINE_FIELDS,
    look_up as look_up,
    look_up_field as look_up_field,
    look_up_language_model as look_up_language_model,
    sources_of as sources_of,
    why_not as why_not,
)
from .cli import (
    app as app,
    audit_command as audit_command,
    describe_command as describe_command,
    doctor_command as doctor_command,
    ledger_command as ledger_command,
    list_command as list_command,
    report_command as report_command,
    run_command as run_command,
    sweep_command as sweep_command,
    table_command as table_command,
)
from .doctor import Checkup as Checkup, WITHOUT as WITHOUT, examine as examine
from .fitting_cards import (
    ADVISED as ADVISED,
    card_advice as card_advice,
    card_sentences as card_sentences,
)
from .machine import (
    LIBRARIES as LIBRARIES,
    MachineRow as MachineRow,
    WORKING as WORKING,
    device_rows as device_rows,
    disk_row as disk_row,
    memory_row as memory_row,
    readable_size as readable_size,
    version_rows as version_rows,
)
from .metric_keys import (
    METRIC_KEY_EXCEPTIONS as METRIC_KEY_EXCEPTIONS,
    METRIC_KEY_FORM as METRIC_KEY_FORM,
    RENAMED_METRIC_KEYS as RENAMED_METRIC_KEYS,
    check_metric_key as check_metric_key,
    renamed_metric_key as renamed_metric_key,
    say_missing_key as say_missing_key,
)
from .metrics import Metrics as Metrics, good_metrics as good_metrics
from .parameters import (
    Parameter as Parameter,
    TYPES as TYPES,
    parse_assignments as parse_assignments,
    parse_parameters as parse_parameters,
    read_flow as read_flow,
)
from .progress import (
    PLAIN_BARS as PLAIN_BARS,
    Progress as Progress,
    drop_bars as drop_bars,
    read_bar as read_bar,
)
from .runs import NUMBERS as NUMBERS, run_study as run_study
from .studies import (
    BUDGETS as BUDGETS,
    CONTRACT as CONTRACT,
    RunError as RunError,
    Study as Study,
    describe as describe,
    find_study as find_study,
    list_studies as list_studies,
    run_folder as run_folder,
    studies_folder as studies_folder,
)
from .study_checks import (
    CHECKPOINTS as CHECKPOINTS,
    FOLDERS as FOLDERS,
    PLANS as PLANS,
    check_study as check_study,
)
from .surroundings import (
    PeakMemory as PeakMemory,
    REPORTED_PACKAGES as REPORTED_PACKAGES,
    environment as environment,
)
from .trackers import (
    TRACKERS as TRACKERS,
    check_tracker as check_tracker,
    log_run as log_run,
    tracked_numbers as tracked_numbers,
    tracked_parameters as tracked_parameters,
)
