#!/bin/sh
# Installs the servers by others that test_peers.py streams from, beside this file: .venv, .venv-*
# and node_modules.
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

# In an environment of its own: the proxy pins most of what the others need to other versions.
if [ ! -e .venv-litellm/ready ] || [ setup.sh -nt .venv-litellm/ready ]; then
    "${1:-python3}" -m venv .venv-litellm
    .venv-litellm/bin/pip install --quiet --disable-pip-version-check "litellm[proxy]==1.108.0"
    touch .venv-litellm/ready
fi

# A LangGraph server, and MCP servers that know both eras.
if [ ! -e .venv-agents/ready ] || [ setup.sh -nt .venv-agents/ready ]; then
    "${1:-python3}" -m venv .venv-agents
    .venv-agents/bin/pip install --quiet --disable-pip-version-check \
        langgraph-api==0.16.7 "langgraph-cli[inmem]==0.4.40" mcp==2.3.0
    touch .venv-agents/ready
fi

# An MCP server that knows the handshake alone.
if [ ! -e .venv-mcp1/ready ] || [ setup.sh -nt .venv-mcp1/ready ]; then
    "${1:-python3}" -m venv .venv-mcp1
    .venv-mcp1/bin/pip install --quiet --disable-pip-version-check mcp==1.30.0 uvicorn==0.54.0
    touch .venv-mcp1/ready
fi

# No lock file: it would name the registry that the packages came from.
npm install --silent --no-package-lock --no-fund --no-audit
