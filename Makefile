# make demo: a paper reproduced on a synthetic corpus.   make test: the tests.   make docs: the documentation.
# Every target makes .venv itself. PYTHON chooses the interpreter: 3.11 to 3.13.

PYTHON ?= $(firstword $(foreach name,python3.12 python3.11 python3.13 python3 python,\
	$(shell $(name) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $(name))))
BIN := .venv/bin
CORES := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)
export KERASEMO_CACHE ?= $(CURDIR)/.cache

.PHONY: demo test test-all lint docs bench lock clean

# Sound shows the emotion in 60 % of the clips, pictures in 75 %: together they should do better than alone.
DEMO := $(KERASEMO_CACHE)/demo
demo: .venv/ready
	$(BIN)/kerasemo synth ravdess -o $(DEMO) --actors 8 --clips-per-emotion 2 --audio-share 0.6 --video-share 0.75
	$(BIN)/python experiments/goswami2018.py --root $(DEMO) --epochs 15 \
		--only audio_cnn --only image_cnn --only architecture_4

test: .venv/ready
	$(BIN)/pytest -n $(CORES) --dist loadfile --no-loadscope-reorder -m "not slow"

test-all: .venv/ready
	$(BIN)/pytest -n $(CORES) --dist loadfile --no-loadscope-reorder

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

# Without the network; a warning, such as a link to a page that does not exist, is an error.
docs: .venv/ready
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going docs docs/_build
	@echo "docs/_build/index.html"

bench: .venv/ready
	for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

.venv/ready: requirements.lock setup.cfg
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed; give one with make PYTHON=..."; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	touch $@

# One lock for every supported Python, with hashes.
lock:
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --extra dev --no-emit-index-url \
		--custom-compile-command "make lock" --output-file requirements.lock setup.cfg

clean:
	rm -rf .venv .cache docs/_build docs/reference/api
