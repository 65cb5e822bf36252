from . import datasets as datasets
from . import reviews as reviews
from . import senses as senses
