from .cli import (
    app as app,
    describe_command as describe_command,
    doctor_command as doctor_command,
    list_command as list_command,
    parse_assignments as parse_assignments,
    run_command as run_command,
)
from .doctor import (
    Checkup as Checkup,
    LIBRARIES as LIBRARIES,
    MILLIONS as MILLIONS,
    WITHOUT as WITHOUT,
    WORKING as WORKING,
    examine as examine,
    look_up as look_up,
)
from .dry_run import (
    PIPELINES as PIPELINES,
    SIZES as SIZES,
    STUDIES as STUDIES,
    Size as Size,
    make_random_profile as make_random_profile,
    random_captioner as random_captioner,
    random_classifier as random_classifier,
    random_guide as random_guide,
    random_pipeline as random_pipeline,
    random_segmenter as random_segmenter,
)
from .metrics import Metrics as Metrics
from .parameters import Parameter as Parameter, TYPES as TYPES, parse_parameters as parse_parameters
from .runs import RunError as RunError, run_study as run_study
from .studies import (
    BUDGETS as BUDGETS,
    CONTRACT as CONTRACT,
    Study as Study,
    describe as describe,
    find_study as find_study,
    list_studies as list_studies,
    run_folder as run_folder,
    studies_folder as studies_folder,
)
from .surroundings import (
    PeakMemory as PeakMemory,
    REPORTED_PACKAGES as REPORTED_PACKAGES,
    environment as environment,
    usable_cores as usable_cores,
)
