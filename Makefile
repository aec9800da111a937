# `make` alone explains the verbs. Works on Linux and macOS with Python 3.11 or newer.
SHELL := bash
.DEFAULT_GOAL := help
.PHONY: help install demo format test test-slow evidence docs lab clean

PYTHON ?= python3
BIN := $(CURDIR)/.venv/bin
STAMP := .venv/.installed
CORES := $(shell env -u OMP_NUM_THREADS nproc 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo 2)
HALF := $(shell echo $$(( ($(CORES) + 1) / 2 )))
# One thread per core in all, unless the caller has asked for something else.
THREADS := $(or $(OMP_NUM_THREADS),$(CORES))
HALF_THREADS := $(or $(OMP_NUM_THREADS),$(HALF))
# Many images for containers set this; then each of our kernels would compile torch and all else once more.
unexport PYTHONDONTWRITEBYTECODE

help:
	@echo "make install   virtual environment in .venv with the locked versions (the others call it)"
	@echo "make demo      run the main study for some minutes; it says where its figures and numbers lie"
	@echo "make format    ruff's format in notebooks and tests, then export"
	@echo "make test      everything that CI checks"
	@echo "make test-slow what is too long for that: tests and cells marked slow"
	@echo "make evidence  re-make figures/ and the README's numbers, at budget full (hours; STUDIES=\"ffr ddb\" for some)"
	@echo "make docs      the documentation site, in _site; minutes, offline, runs no notebook"
	@echo "make lab       open the tour, and all notebooks, in JupyterLab"
	@echo "make clean     remove .venv and caches; results in _runs stay"

install: $(STAMP)

# uv installs, in a quarter of pip's time. It reads none of pip's settings, so where pip is told to look for packages
# (a mirror, torch without CUDA) is handed on. Of an extra index, too, the version that the lock names is taken.
# Bytecode is left to the first import of a module: of the thousands that are installed few are ever imported.
PIP_SAYS = $$($(BIN)/python -m pip config list | sed -n "s/^.*\.$(1)='\(.*\)'$$/\1/p" | tail -1 | sed 's/\\n/ /g')
$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "needs Python 3.11 or newer; name one: make install PYTHON=python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "installing $$(grep -c == requirements.lock) packages into .venv, a minute or two (log: .venv/install.log)"
	@set -o pipefail; export UV_INDEX_STRATEGY=unsafe-best-match; \
	export UV_DEFAULT_INDEX="$${UV_DEFAULT_INDEX:-$(call PIP_SAYS,index-url)}"; \
	export UV_EXTRA_INDEX_URL="$${UV_EXTRA_INDEX_URL:-$(call PIP_SAYS,extra-index-url)}"; \
	export UV_FIND_LINKS="$${UV_FIND_LINKS:-$(call PIP_SAYS,find-links)}"; UV_FIND_LINKS="$${UV_FIND_LINKS// /,}"; \
	{ $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input -c requirements.lock uv \
	 && $(BIN)/python -m uv pip install --python $(BIN)/python -c requirements.lock -e '.[dev,real,docs]'; } 2>&1 \
	 | tee .venv/install.log | sed -nu '/^\(Resolved\|Downloading\|Prepared\|Installed\)/s/^/  /p' \
	 || { grep -iE -A3 '^ *(ERROR|×)' .venv/install.log || tail -5 .venv/install.log; echo "the installation failed; see .venv/install.log"; exit 1; }
	@touch $@

demo: $(STAMP)
	@OMP_NUM_THREADS=$(THREADS) $(BIN)/spurious run class_wise_spurious_generation -p budget=quick --out _runs/class_wise_spurious_generation

format: $(STAMP)
	@$(BIN)/ruff check --quiet --fix --select I,F401 nbs tests; $(BIN)/ruff format nbs tests
	@$(BIN)/nbdev-export && $(BIN)/nbdev-clean

# Two notebooks, and two tests, at a time, so each gets half of the cores. Some tests are a whole study: a worker
# that is done takes over half of what the other still has before it.
# Left to `make test-slow`, by a file .notest: how the shipped checkpoints were trained (nbs/mini), which changes when
# they do. Studies have one too, since pytest runs them.
# pytest runs the cells of your_own_class, with somebody's own pictures; as it comes it is left to `make test-slow`.
SKIPPED := ^([_.]|your_own_class)
SNAPSHOT := find nbs spurious_core -type f \( -name '*.ipynb' -o -name '*.py' \) -not -path '*/.*' -exec cksum {} + | sort -k 3
test: $(STAMP)
	@echo "== 1 of 4: ruff reads notebooks and tests"
	@$(BIN)/ruff check nbs tests && $(BIN)/ruff format --check --quiet nbs tests || { echo "make format mends most of it"; exit 1; }
	@echo "== 2 of 4: exporting and cleaning the notebooks leaves no diff"
	@before="$$($(SNAPSHOT))"; $(BIN)/nbdev-export && $(BIN)/nbdev-clean || exit 1; diff <(echo "$$before") <($(SNAPSHOT)) \
	 || { echo "these files were not exported or not clean; they are now: look at git diff and commit them"; exit 1; }
	@echo "== 3 of 4: every notebook cell runs, but for those marked slow"
	@OMP_NUM_THREADS=$(HALF_THREADS) $(BIN)/nbdev-test --n-workers 2 --skip-file-re '$(SKIPPED)'
	@echo "== 4 of 4: pytest, with some studies at budget smoke"
	@PYTHONPATH=tests $(BIN)/python -c 'from support.browser import why_not; why_not() and print("the browser tests are skipped:", why_not())'
	@OMP_NUM_THREADS=$(HALF_THREADS) $(BIN)/python -m pytest -n 2 --dist worksteal

test-slow: $(STAMP)
	@OMP_NUM_THREADS=$(HALF_THREADS) $(BIN)/nbdev-test --n-workers 2 --flags slow
	@OMP_NUM_THREADS=$(HALF_THREADS) $(BIN)/nbdev-test nbs/mini --n-workers 2 --ignore-fname .all-are-tested
	@OMP_NUM_THREADS=$(HALF_THREADS) $(BIN)/python -m pytest -n 2 --dist worksteal -m slow

STUDIES ?= $(filter-out speed,$(basename $(notdir $(wildcard nbs/studies/*.ipynb)))) speed
# Evidence is made in cells, and the study goes on from them. Here a core works on each; ENGINE="--engine ray" for a
# cluster, ENGINE="--workers 1" where memory is short.
# A seed more is a cell more: SEEDS_ffr=0..9.
SEEDS_class_wise_spurious_generation ?= 200..201
SEEDS_aspire ?= 0..5
SEEDS_bar ?= 0..4
SEEDS_d3s ?= 200..202
SEEDS_ddb ?= 0..2
SEEDS_ffr ?= 0..4
SEEDS_mitigation_benchmark ?= 10..14
SEEDS_similarity_loss_forms ?= 100..102
SEEDS_which_generator ?= 200..201
FIRST_AND_LAST = $(subst .., ,$(SEEDS_$*))
N_SEEDS = $(words $(shell seq $(firstword $(FIRST_AND_LAST)) $(lastword $(FIRST_AND_LAST))))
BUDGET = full
CELLS = $(if $(SEEDS_$*),-p seeds=1 -p seed=$(SEEDS_$*))
FROM_CELLS = $(if $(SEEDS_$*),-p seed=$(firstword $(FIRST_AND_LAST)) -p seeds=$(N_SEEDS) -p runs=_runs/full/cells/$*)
evidence-discovery_benchmark: CELLS = -p parts=10 -p part=0..9
evidence-discovery_benchmark: FROM_CELLS = -p runs=_runs/full/cells/$*
# Of the main study the tables of all cells lie as one beside its figures.
evidence-class_wise_spurious_generation: CELLS = -p profile=mini,mini_permuted,mini_flow -p seed=$(SEEDS_$*)
evidence-class_wise_spurious_generation: FROM_CELLS = -p seed=$(firstword $(FIRST_AND_LAST)) -p runs=figures/$*
evidence-class_wise_spurious_generation: BUDGET = quick
evidence-class_wise_spurious_generation: TABLES = $(BIN)/python -c "from spurious_core.papers.class_wise import read_runs, save_runs; save_runs(read_runs('_runs/full/cells/$*'), 'figures/$*')"
evidence: $(STUDIES:%=evidence-%)
	@$(BIN)/spurious ledger --write  # the README's numbers, and figures/ledger

evidence-%: $(STAMP)
	@echo "== $*, into figures/$*"
	@$(BIN)/spurious run $* -p budget=full --check || { echo "$* is skipped"; exit 0; }; \
	mkdir -p figures/$* || exit 1; \
	$(if $(CELLS),$(BIN)/spurious sweep $* -p budget=full $(CELLS) $(or $(ENGINE),--workers $(CORES)) --out _runs/full/cells/$* || exit 1;) \
	$(if $(TABLES),$(TABLES) || exit 1;) \
	OMP_NUM_THREADS=$(THREADS) $(BIN)/spurious run $* -p budget=$(BUDGET) $(FROM_CELLS) --out _runs/full/$* || exit 1; \
	cp _runs/full/$*/metrics.json _runs/full/$*/environment.json _runs/full/$*/figures/*.png figures/$*/

docs: $(STAMP)
	@$(BIN)/python -c 'from spurious_core.app.site.building import make_site; make_site()'

# The notebooks are trusted, so that their pictures show and what draws itself does. One that is only looked at stays
# as it is, by the settings of .jupyter.
lab: $(STAMP)
	@find nbs -name '*.ipynb' -not -path '*/.*' -print0 | xargs -0 $(BIN)/jupyter trust > /dev/null
	@$(BIN)/jupyter lab --config=.jupyter/jupyter_server_config.py --ServerApp.root_dir=nbs --LabApp.default_url=/lab/tree/index.ipynb

clean:
	rm -rf .venv .pytest_cache _proc _docs _site build *.egg-info
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
