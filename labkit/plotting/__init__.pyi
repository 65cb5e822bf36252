# What every figure is.
# Interactive views of attention, and keys pressed inside a figure.
from . import views as views
from .accuracy import accuracy_bars as accuracy_bars
from .accuracy import accuracy_by_rate as accuracy_by_rate
from .attention import attention_explorer as attention_explorer
from .attention import attention_grid as attention_grid

# Attention.
from .attention import attention_heatmap as attention_heatmap

# A class, for its instructor.
from .classroom import class_map as class_map
from .classroom import class_svg as class_svg
from .curves import cost_accuracy as cost_accuracy
from .curves import layer_curves as layer_curves

# Accuracy, cost and data.
from .curves import learning_curves as learning_curves
from .figure import LabFigure as LabFigure
from .heads import correlation_dots as correlation_dots
from .heads import head_matrix as head_matrix
from .heads import head_scatter as head_scatter
from .heads import word_scores as word_scores

# Vectors, layer by layer.
from .layers import layer_lines as layer_lines
from .learning import learning_lines as learning_lines
from .learning import learning_slider as learning_slider
from .learning import training_curve as training_curve
from .masks import influence_maps as influence_maps

# Masks, and writing one token after another.
from .masks import mask_panels as mask_panels
from .probabilities import compare_bars as compare_bars
from .probabilities import probability_bars as probability_bars
from .projection import projection_panels as projection_panels
from .projection import projection_slider as projection_slider
from .similarity import similarity_matrix as similarity_matrix
from .tables import share_matrix as share_matrix
from .tokens import mask_counts as mask_counts

# Texts, tokens and guesses.
from .tokens import token_strip as token_strip
from .writing import agreement_lines as agreement_lines
from .writing import loss_lines as loss_lines
from .writing import next_token_bars as next_token_bars
