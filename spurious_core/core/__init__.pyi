from . import provenance as provenance
from .accelerators import accelerator as accelerator, kept_state as kept_state
from .checkpoints import (
    find_damage as find_damage,
    load_state as load_state,
    naming_damage as naming_damage,
    pack_optimiser as pack_optimiser,
    read_if_whole as read_if_whole,
    read_tensors as read_tensors,
    read_weights as read_weights,
    save_safetensors as save_safetensors,
    save_state as save_state,
    unpack_optimiser as unpack_optimiser,
    write_tensors as write_tensors,
)
from .checks import (
    as_many as as_many,
    checked_codes as checked_codes,
    checked_seed as checked_seed,
    distinct as distinct,
    encodable as encodable,
    finite as finite,
    folder_path as folder_path,
    known as known,
    not_blank as not_blank,
    not_negative as not_negative,
    of_type as of_type,
    one_of as one_of,
    plain_numbers as plain_numbers,
    positive as positive,
    renamed_arguments as renamed_arguments,
    text_rows as text_rows,
    texts as texts,
    whole as whole,
    within as within,
    yes_or_no as yes_or_no,
)
from .devices import (
    DEVICES as DEVICES,
    PRECISIONS as PRECISIONS,
    checked_dtype as checked_dtype,
    cpu_multiplies_in_bf16 as cpu_multiplies_in_bf16,
    dtype_of as dtype_of,
    pick_device as pick_device,
    usable_cores as usable_cores,
)
from .files import (
    LFS_POINTER as LFS_POINTER,
    WEIGHT_ENDINGS as WEIGHT_ENDINGS,
    append_lines as append_lines,
    atomic_write as atomic_write,
    check_writable as check_writable,
    checkpoint_hash as checkpoint_hash,
    claim as claim,
    digest as digest,
    discard as discard,
    in_use as in_use,
    make_folder as make_folder,
    open_parquet as open_parquet,
    open_safetensors as open_safetensors,
    read_json as read_json,
    read_json_lines as read_json_lines,
    share_as_usual as share_as_usual,
    sweep_away as sweep_away,
    writing as writing,
)
from .images import (
    picture as picture,
    png_bytes as png_bytes,
    read_images as read_images,
    to_array as to_array,
)
from .locks import (
    FolderInUse as FolderInUse,
    HOLDER_FILE as HOLDER_FILE,
    LOCK_FILE as LOCK_FILE,
    hold_folder as hold_folder,
    who_holds as who_holds,
)
from .markup import (
    as_html as as_html,
    as_key as as_key,
    as_markdown as as_markdown,
    picture_html as picture_html,
    thumbnails_html as thumbnails_html,
)
from .mask_files import as_mask as as_mask, mask_square as mask_square, open_mask as open_mask
from .masking import MASK as MASK, masked as masked, secrets_of as secrets_of
from .opening import (
    GROUND as GROUND,
    HELD_BYTES as HELD_BYTES,
    Opened as Opened,
    PICTURE_ENDINGS as PICTURE_ENDINGS,
    ParquetCell as ParquetCell,
    Stored as Stored,
    TOO_LARGE as TOO_LARGE,
    as_rgb as as_rgb,
    as_stored as as_stored,
    centre_square as centre_square,
    check_regular as check_regular,
    decode as decode,
    is_image as is_image,
    open_rgb as open_rgb,
    parquet_cell as parquet_cell,
    warn_transparent as warn_transparent,
)
from .plots import (
    alpha_panel as alpha_panel,
    bars as bars,
    figure_bytes as figure_bytes,
    figure_html as figure_html,
    figure_keeper as figure_keeper,
    save_figure as save_figure,
    set_style as set_style,
)
from .seeds import generator as generator, seed_of as seed_of
from .settings import (
    Profile as Profile,
    REAL_FOLDER as REAL_FOLDER,
    checkpoint_path as checkpoint_path,
    is_hub_id as is_hub_id,
    load_profile as load_profile,
    real_folder as real_folder,
    settings_file as settings_file,
    source_commit as source_commit,
    source_root as source_root,
    split_language_model as split_language_model,
    split_revision as split_revision,
)
from .sheets import (
    OBJECT as OBJECT,
    SUCCESS as SUCCESS,
    before_after as before_after,
    contact_sheet as contact_sheet,
    padded_row as padded_row,
    show_images as show_images,
    strip as strip,
    verdict_marks as verdict_marks,
)
