#!/bin/sh
# Installs the servers by others that test_peers.py streams from, beside this file: .venv and node_modules.
# Needs Python 3.10 or newer with venv, and Node.js 20 or newer with npm.
#
#     sh tests/peers/setup.sh [PYTHON]
set -eu
cd "$(dirname "$0")"

if [ ! -e .venv/ready ] || [ requirements.txt -nt .venv/ready ] || [ setup.sh -nt .venv/ready ]; then
    "${1:-python3}" -m venv .venv
    .venv/bin/pip install --quiet --disable-pip-version-check -r requirements.txt
    .venv/bin/pip install --quiet --disable-pip-version-check --no-deps guidellm==0.8.1
    touch .venv/ready
fi

# No lock file: it would name the registry that the packages came from.
npm install --silent --no-package-lock --no-fund --no-audit
