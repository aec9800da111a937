from .audit_page import (
    SHOWN_BARS as SHOWN_BARS,
    accuracy_figure as accuracy_figure,
    write_report as write_report,
)
from .auditing import audit as audit, audit_folder as audit_folder
from .calibration import (
    audit_world as audit_world,
    calibration_entries as calibration_entries,
    calibration_world as calibration_world,
    names_plant as names_plant,
)
from .calibration_plans import AUDIT_BUDGETS as AUDIT_BUDGETS, plan_calibration as plan_calibration
from .examining import Audit as Audit, examine_subject as examine_subject, next_steps as next_steps
from .findings import (
    class_accuracies as class_accuracies,
    class_component as class_component,
    confident_mistakes as confident_mistakes,
    duplicates as duplicates,
)
from .subjects import (
    FOLDS as FOLDS,
    Looks as Looks,
    STRENGTH as STRENGTH,
    Subject as Subject,
    THUMB as THUMB,
    fitted_head as fitted_head,
    look as look,
    match_labels as match_labels,
    read_subject as read_subject,
)
from .words import (
    CAPTIONS_FILE as CAPTIONS_FILE,
    FALSE_CALLS as FALSE_CALLS,
    OWN_PICTURES as OWN_PICTURES,
    RATE as RATE,
    checked_captions as checked_captions,
    class_words as class_words,
    group_words as group_words,
    picture_describer as picture_describer,
    word_shares as word_shares,
    words_section as words_section,
)
