"A tiny random pipeline of every family of models, in exactly the public format, made on the spot."

from support.flow_pipelines import FLOW_BUILDERS
from support.pipelines import build_pipeline
from support.unet_families import UNET_BUILDERS


def stable_diffusion(folder):
    return build_pipeline(folder)


def stable_diffusion_2(folder):
    return build_pipeline(folder, prediction="v_prediction")


# name of the test -> (name of the family, what saves a pipeline of it)
BUILDERS = {"sd": ("sd", stable_diffusion), "sd2": ("sd", stable_diffusion_2)} | UNET_BUILDERS | FLOW_BUILDERS
