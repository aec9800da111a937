"""The JupyterLab of `make lab` saves notebooks as `make format` leaves them.

JupyterLab adds to the metadata of every notebook that it opens, and saves by itself: a notebook that was only
looked at would have a diff."""

from nbdev.clean import clean_nb
from nbdev.config import get_config as nbdev_config


def clean_before_saving(model, **_):
    if model["type"] != "notebook":
        return
    config = nbdev_config()
    names = ("allowed_metadata_keys", "allowed_cell_metadata_keys", "allowed_out_metadata_keys")
    clean_nb(model["content"], **{name: config.get(name) for name in names})


get_config().ContentsManager.pre_save_hook = clean_before_saving  # noqa: F821, Jupyter hands it in
