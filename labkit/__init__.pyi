# What a notebook reaches as labkit.NAME, in the order in which a lab uses it.

# Begin a lab, get a model.
# Exercises, questions, and the lab that asks them.
from . import exercises as exercises
from . import lab as lab

# What is measured on them, lab by lab.
from . import measures as measures

# Models: what they are made of, and what they write.
from . import models as models

# Pictures.
from . import plotting as plotting

# Training them.
from . import training as training
from .exercises import quiz as quiz
from .files import paths as paths
from .lab import start as start
from .measures import ablation as ablation
from .measures import attention as attention
from .measures import baselines as baselines
from .measures import cloze as cloze
from .measures import comparison as comparison
from .measures import explaining as explaining
from .measures import features as features
from .measures import geometry as geometry
from .measures import influence as influence
from .measures import probing as probing
from .measures import projection as projection
from .measures import senses as senses
from .measures import transfer as transfer
from .models import downloads as downloads
from .models import generation as generation
from .models import masks as masks
from .models import transformer as transformer
from .models.loading import load as load
from .plotting import views as views

# What the labs work on.
from .texts import datasets as datasets
from .texts import reviews as reviews
from .training import characters as characters
from .training import objectives as objectives

__version__: str
