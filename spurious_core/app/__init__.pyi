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
