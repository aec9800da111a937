"Pipelines of kinds that `load_pipeline` doesn't know yet."

from diffusers import DiffusionPipeline

from spurious_core.models import pipelines


def load_pipeline(folder):
    "The library's own loader, else diffusers', which wants to be told of every part that is left out."
    try:
        return pipelines.load_pipeline(folder)
    except (ValueError, FileNotFoundError):
        index = DiffusionPipeline.load_config(folder)
        left_out = {name: None for name, kind in index.items() if kind == [None, None]}
        pipe = DiffusionPipeline.from_pretrained(folder, **left_out)
        pipe.set_progress_bar_config(disable=True)
        return pipe
