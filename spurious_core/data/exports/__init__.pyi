from .browsing import (
    export_fiftyone as export_fiftyone,
    export_imagefolder as export_imagefolder,
    export_parquet as export_parquet,
)
from .picture_files import (
    SHOWN_BY_BROWSERS as SHOWN_BY_BROWSERS,
    picture_contents as picture_contents,
    picture_rows as picture_rows,
)
