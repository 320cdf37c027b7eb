# Two commands: `make run` shows the booth on a simulated site, `make test` passes the tests. Both install what is missing.
PYTHON ?= python3
BIN := .venv/bin
PY := $(BIN)/python

# Model weights and photographs for trials, when they lie beside the repository; the product never looks there itself.
export BOOTH_MODELS ?= $(abspath $(wildcard ../shared/models))
export BOOTH_TEST_FACES ?= $(abspath $(wildcard ../shared/faces))
export PYTHONDONTWRITEBYTECODE := $(CI)

.PHONY: run test test-again test-core torture fuzz check format setup setup-booth packages packages-booth lock figures clean

run: setup
	@exec $(PY) -m booth demo $(if $(WINDOWED),--windowed)

# Three at a time on two cores, a file on one side: most tests wait for peers, and stories share a booth. What looks at
# faces gets the computer to itself: a booth on two cores that are busy with something else asks a clerk instead.
test: setup
	@status=0; \
	$(PY) -m pytest -n 3 --dist loadfile --no-loadscope-reorder --durations 20 -m "not shared" || status=1; \
	$(PY) -m pytest -m shared --durations 10 || status=1; \
	exit $$status

# What failed last time, and only that.
test-again: setup
	$(PY) -m pytest --last-failed --last-failed-no-failures=none

test-core: setup
	$(PY) -m pytest -p no:schemathesis -p no:xdist tests/kiosk -m "not peer and not slow"

# Every fault instead of a seeded sample: takes about an hour.
torture: setup
	$(PY) -m tests.torture

# SECONDS of fuzzing for each parser; what is found is kept in fuzz/corpus.
SECONDS ?= 60
fuzz: setup
	$(PY) -m fuzz --seconds $(SECONDS)

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PY) -m provisioning.translations
	$(PY) -m booth check

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# What only a street booth needs: no bench, no tests, no reference backend.
setup-booth: packages-booth .venv/booth.installed assets/fonts/NotoSansSC-Regular.otf assets/sounds/touch.wav
	@$(PY) -m provisioning.speech

setup: packages .venv/bench.installed assets/fonts/NotoSansSC-Regular.otf assets/sounds/touch.wav

packages:
	@provisioning/setup.sh --bench

packages-booth:
	@provisioning/setup.sh

.venv/bench.installed: requirements/bench.lock | packages
	@test -x $(PY) || $(PYTHON) -m venv .venv
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/bench.lock
	@touch $@

.venv/booth.installed: requirements/booth.lock | packages-booth
	@test -x $(PY) || $(PYTHON) -m venv .venv
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/booth.lock
	@touch $@

assets/fonts/NotoSansSC-Regular.otf: provisioning/fonts.py
	@$(PY) -m provisioning.fonts
	@touch $@

assets/sounds/touch.wav: provisioning/sounds.py
	@$(PY) -m provisioning.sounds
	@touch $@

# Needs `uv` on the PATH. Lock files carry hashes and no index address.
lock:
	uv pip compile -q --python-version 3.11 --generate-hashes --no-emit-index-url --override requirements/overrides.txt -o requirements/bench.lock requirements/bench.in
	uv pip compile -q --python-version 3.11 --generate-hashes --no-emit-index-url --override requirements/overrides.txt -c requirements/bench.lock -o requirements/booth.lock requirements/booth.in

figures: setup
	$(PY) -m benchmarks

clean:
	rm -rf .venv .cache .run .mypy_cache .ruff_cache .pytest_cache .hypothesis
