from . import core as core
from . import data as data
from . import models as models
from . import evaluate as evaluate
from . import find as find
from . import diffusion as diffusion
from . import mitigate as mitigate
from . import papers as papers
from . import explore as explore
from . import app as app
from .X import (
    GroupedImages as GroupedImages,
    SimilarityLoss as SimilarityLoss,
    fit as fit,
    generate as generate,
    group_report as group_report,
    load_pipeline as load_pipeline,
    personalize as personalize,
    read_dataset as read_dataset,
)
from .core.settings import load_profile as load_profile
from .diffusion.plans import plan_prompts as plan_prompts
from .evaluate.jury import judge as judge
from .evaluate.summaries import summarise as summarise
from .find.neural_pca import fit_neural_pca as fit_neural_pca
from .models.loading import load_classifier as load_classifier
