from .component_explorer import (
    ComponentExplorer as ComponentExplorer,
    ComponentViews as ComponentViews,
    draw_component as draw_component,
    uploaded_picture as uploaded_picture,
)
from .discovery_board import (
    DECISIONS as DECISIONS,
    Decisions as Decisions,
    DiscoveryBoard as DiscoveryBoard,
    DiscoveryViews as DiscoveryViews,
    ORDERS as ORDERS,
    draw_feature as draw_feature,
    feature_line as feature_line,
    feature_list as feature_list,
)
from .generation_bench import (
    Bench as Bench,
    DrawRequest as DrawRequest,
    Drawn as Drawn,
    GenerationBench as GenerationBench,
    NO_ADAPTER as NO_ADAPTER,
    bench_line as bench_line,
    draw_bench as draw_bench,
    keep_reference as keep_reference,
)
from .group_explorer import (
    GroupExplorer as GroupExplorer,
    GroupViews as GroupViews,
    attribution_overlays as attribution_overlays,
    draw_group as draw_group,
    group_line as group_line,
)
from .headlines import (
    HEADLINES as HEADLINES,
    HEADLINE_FIGURES as HEADLINE_FIGURES,
    TRIALS as TRIALS,
    fitting_keys as fitting_keys,
    headline as headline,
    headline_keys as headline_keys,
    headlines_first as headlines_first,
)
from .marks import SpuriousMarks as SpuriousMarks
from .page_parts import (
    DropField as DropField,
    LARGEST_FILE as LARGEST_FILE,
    dropped_file as dropped_file,
    style_panel as style_panel,
)
from .panels import (
    ERROR_STYLE as ERROR_STYLE,
    NOTE_STYLE as NOTE_STYLE,
    Panel as Panel,
    Steps as Steps,
    error_line as error_line,
    paragraph as paragraph,
    renew_slider as renew_slider,
)
from .review_board import (
    ALTS as ALTS,
    AT_ONCE as AT_ONCE,
    Board as Board,
    PairView as PairView,
    inserted as inserted,
)
from .run_browser import (
    PAGE as PAGE,
    RunBrowser as RunBrowser,
    comparison_line as comparison_line,
    difference as difference,
    draw_again as draw_again,
    draw_comparison as draw_comparison,
    draw_page as draw_page,
    provenance_html as provenance_html,
)
from .run_contents import (
    BrowserPicture as BrowserPicture,
    FigureFiles as FigureFiles,
    browser_picture as browser_picture,
    figure_files as figure_files,
    image_set_folders as image_set_folders,
    is_hidden as is_hidden,
)
from .run_folders import RunFolder as RunFolder, find_adapter as find_adapter
from .sessions import KEYS as KEYS, PAIR as PAIR, Session as Session
from .votes import (
    QUESTIONS as QUESTIONS,
    Question as Question,
    VERDICTS as VERDICTS,
    Votes as Votes,
    agreement as agreement,
    person as person,
    tally as tally,
)
