# Sourced by the scripts beside it: a temporary folder that goes with them, and what they need to be there.
set -eu
HERE=$(cd "$(dirname "$0")" && pwd)
FOLDER=$(mktemp -d)
export HERE FOLDER PYTHONPATH="$HERE"
trap 'rm -rf "$FOLDER"' EXIT

# debian PACKAGE VERSION: ends the script unless that package is installed in that version.
debian() {
    found=$(dpkg-query -W -f '${Version}' "$1" 2>/dev/null || true)
    if [ "$found" != "$2" ]; then
        echo "needs Debian 12's $1 $2 (apt-get install $1), found: ${found:-none}"
        exit 2
    fi
    echo "$1 $2"
}

# pypi REQUIREMENT...: installs these into $FOLDER/venv.
pypi() {
    python3 -m venv "$FOLDER/venv"
    "$FOLDER/venv/bin/pip" install --quiet --disable-pip-version-check "$@"
    echo "$@"
}

# npm_install PACKAGE...: installs these into $FOLDER.
npm_install() {
    (cd "$FOLDER" && npm install --silent --no-package-lock --no-fund --no-audit "$@")
    echo "$@, node $(node --version)"
}
