from . import aspire as aspire
from . import class_wise as class_wise
from . import d3s as d3s
from . import ddb as ddb
from . import discoverers as discoverers
from . import ffr as ffr
from . import generators as generators
from . import mitigation as mitigation
from . import real as real
from .classes import (
    FOLDER_PARTS as FOLDER_PARTS,
    chosen_classes as chosen_classes,
    own_classes as own_classes,
    require_fields as require_fields,
    studied_classes as studied_classes,
)
from .own_pictures import (
    GENERAL_MODELS as GENERAL_MODELS,
    check_profile_knows as check_profile_knows,
    rendered_models as rendered_models,
)
from .refusals import (
    USUAL_SAMPLER as USUAL_SAMPLER,
    check_aspire as check_aspire,
    check_class_wise as check_class_wise,
    check_classes as check_classes,
    check_d3s as check_d3s,
    check_ddb as check_ddb,
    check_forms as check_forms,
    check_mitigation as check_mitigation,
)
