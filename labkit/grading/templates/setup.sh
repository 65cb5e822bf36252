#!/usr/bin/env bash
# Written by `labkit gradescope`. Gradescope runs this once, as root, when it builds the assignment's image.
set -euo pipefail
cd "${AUTOGRADER:-/autograder}/source"

apt-get update -qq
apt-get install -y -qq python3 python3-venv python3-pip
python3 -m venv "${AUTOGRADER:-/autograder}/venv"
pip="${AUTOGRADER:-/autograder}/venv/bin/python -m pip install --quiet --no-cache-dir -c constraints.txt"

index=@TORCH_INDEX@
$pip ${index:+--index-url "$index"} torch
$pip -e '.[author]'
