from . import paths as paths
from . import safe_files as safe_files
