from .api_facts import (
    ApiModule as ApiModule,
    ApiName as ApiName,
    ApiParameter as ApiParameter,
    LONGEST_VALUE as LONGEST_VALUE,
    read_module as read_module,
)
from .api_pages import (
    api_folders as api_folders,
    api_page as api_page,
    module_markdown as module_markdown,
    name_markdown as name_markdown,
    parameter_table as parameter_table,
    prose_markdown as prose_markdown,
    read_folder as read_folder,
)
from .building import (
    SPHINX_SETTINGS as SPHINX_SETTINGS,
    accessible_page as accessible_page,
    broken_links as broken_links,
    build_site as build_site,
    make_site as make_site,
)
from .evidence_pages import section_markdown as section_markdown, write_evidence as write_evidence
from .extension import as_mathml as as_mathml, displayed as displayed, setup as setup
from .notebook_pages import (
    heading_slug as heading_slug,
    notebook_page as notebook_page,
    page_source as page_source,
)
from .sources import (
    ROOM_ORDER as ROOM_ORDER,
    folder_page as folder_page,
    site_notebooks as site_notebooks,
    title_and_sentence as title_and_sentence,
    write_api as write_api,
    write_sources as write_sources,
)
