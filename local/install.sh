#!/bin/sh
# Create .venv and install the packages of uv.lock. `make venv` calls it with PYTHON, UV_VERSION and CERTIFICATES.
# It prints a line at least every four seconds, because the first installation takes up to a minute.
set -eu

"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
    { echo "Python 3.11 or newer is needed; $PYTHON is older or missing. Choose one with make PYTHON=..." >&2; exit 1; }

( seconds=0; while sleep 4 >/dev/null 2>&1; do seconds=$((seconds + 4)); echo "  $seconds s, still installing ..."; done ) &
ticker=$!
trap 'kill "$ticker" 2>/dev/null || true' EXIT
trap 'exit 130' HUP INT TERM

if [ ! -x .venv/bin/python ] || [ ! -x .venv/bin/pip ]; then
    echo "  creating .venv ..."
    "$PYTHON" -m venv --clear .venv >/dev/null ||
        { echo "$PYTHON cannot create .venv; on Debian and Ubuntu install python3-venv." >&2; exit 1; }
fi
[ -w "$HOME" ] || export UV_CACHE_DIR=.local/uv-cache PIP_NO_CACHE_DIR=1
# By default uv trusts only its built-in certificate authorities. pip and company proxies use those of the system.
[ -z "$CERTIFICATES" ] || export UV_SYSTEM_CERTS=1
unset VIRTUAL_ENV
export UV_PROJECT_ENVIRONMENT=.venv UV_PYTHON_DOWNLOADS=never
echo "  installing uv $UV_VERSION ..."
.venv/bin/pip install -qq --disable-pip-version-check "uv==$UV_VERSION"
echo "  downloading and installing the packages of uv.lock ..."
# Bytecode is compiled at installation. Where Python cannot write it (PYTHONDONTWRITEBYTECODE, missing permission), every
# process would compile Django, Celery and pandas at its start, which takes seconds.
.venv/bin/uv sync --frozen --quiet --compile-bytecode
