"""Where the course is published. This is the one place: `labkit links OWNER/REPO` changes it.

The set-up cell of every lab (which installs labkit on Colab) and every badge are made from it.
"""

REPOSITORY = "OWNER/REPO"
BRANCH = "main"
TAG = ""
HUB = ""
