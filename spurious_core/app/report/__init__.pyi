from .descriptions import (
    LONGEST as LONGEST,
    describe_cell as describe_cell,
    describe_figure as describe_figure,
    describe_figures as describe_figures,
    describe_pictures as describe_pictures,
    first_sentences as first_sentences,
    plain_prose as plain_prose,
)
from .page import (
    SHOWN_ROWS as SHOWN_ROWS,
    Section as Section,
    StoredPicture as StoredPicture,
    page_of as page_of,
    pictures_of as pictures_of,
    title_of_page as title_of_page,
)
from .repeating import repeat_command as repeat_command
from .reporting import report_folder as report_folder, report_page as report_page
from .run_page import (
    RunRecord as RunRecord,
    facts_table as facts_table,
    image_set_table as image_set_table,
    is_run_folder as is_run_folder,
    read_about as read_about,
    read_run as read_run,
    run_sections as run_sections,
    run_state as run_state,
    surroundings_section as surroundings_section,
)
from .sweep_page import (
    SHOWN_ARMS as SHOWN_ARMS,
    SHOWN_KEYS as SHOWN_KEYS,
    sweep_figure as sweep_figure,
    sweep_sections as sweep_sections,
    sweep_title as sweep_title,
)
