# Every target sets up what it needs in .venv: no other command has to come first.
# Another Python: make PYTHON=python3.13 test      Other settings of the notebook: make run ARGS='-p faces_epochs 1'
PYTHON ?= python3
VENV ?= .venv
# The versions to install; empty: the newest that requirements.txt allows.
LOCK ?= requirements.lock
NOTEBOOK := dlnd_face_generation
WORKERS ?= 2

BIN := $(VENV)/bin
# A stamp for each content of the files that say what to install: their dates do not matter.
stamp = $(VENV)/ready-$(notdir $(PYTHON))-$(shell cat $(1) $(LOCK) | cksum | cut -d' ' -f1)
READY := $(call stamp,requirements.txt)
TESTS_READY := $(call stamp,requirements.txt tests/requirements.txt)-tests
BENCH_READY := $(call stamp,requirements.txt benchmarks/requirements.txt)-bench
INSTALL = PATH="$(BIN):$$PATH" uv pip install --quiet --compile-bytecode --python $(BIN)/python $(if $(LOCK),--constraints $(LOCK))
# From standard input: then pictures are looked for here, not where the page goes.
PAGE = $(BIN)/jupyter nbconvert --log-level WARN --to html --template lesson/notebook/html --embed-images --stdin
# On all cores; the tests of a file stay together, as they share what they set up. A worker that dies is not replaced:
# pytest-xdist could then wait forever, in place of naming the test.
PYTEST = $(BIN)/pytest --numprocesses logical --dist loadfile --no-loadscope-reorder --max-worker-restart 0

.DEFAULT_GOAL := help
.PHONY: help run html pdf lab play learn check student grade cluster test test-long newest lock format guide bench record clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 11

run: $(READY)  ## the notebook, top to bottom, into build/ as .ipynb and .html
	@mkdir -p build
	@$(BIN)/python -m lesson.notebook.execute $(NOTEBOOK).ipynb build/$(NOTEBOOK).ipynb $(ARGS)
	@$(PAGE) --output build/$(NOTEBOOK) < build/$(NOTEBOOK).ipynb
	@echo build/$(NOTEBOOK).ipynb; echo build/$(NOTEBOOK).html

html: $(READY)  ## the saved notebook as one page in build/saved/; your own: make html NOTEBOOK=my_face_generation
	@mkdir -p build/saved
	@$(PAGE) --output build/saved/$(NOTEBOOK) < $(NOTEBOOK).ipynb
	@echo build/saved/$(NOTEBOOK).html

pdf: html  ## the same as a PDF, printed by Chromium, Chrome, Edge or Brave
	@$(BIN)/python -m lesson.notebook.pdf build/saved/$(NOTEBOOK).html build/saved/$(NOTEBOOK).pdf

lab: $(READY)  ## JupyterLab on the notebook
	$(BIN)/jupyter lab $(NOTEBOOK).ipynb

play: $(READY)  ## build/playground.html: a page that generates images, with the networks that the notebook has trained
	@$(BIN)/python -m lesson.trained.playground $(ARGS)

learn: $(READY)  ## your own copy, in which you write the six functions, in JupyterLab; an existing one is kept
	@$(BIN)/python -m lesson.notebook.learner learn
	$(BIN)/jupyter lab my_face_generation.ipynb

check: $(READY)  ## how many of your six functions pass
	@$(BIN)/python -m lesson.notebook.learner check

student: $(READY)  ## build/student, for a class, and a zip of it
	@$(BIN)/python -m lesson.notebook.learner student

grade: $(TESTS_READY)  ## a class: make grade NOTEBOOKS=folder [ROSTER=class.csv POINTS=points.toml REMARKS= CANVAS= MOODLE=]
	$(if $(NOTEBOOKS),,$(error name the folder of the notebooks: make grade NOTEBOOKS=folder))
	@$(BIN)/python -m lesson.grade "$(NOTEBOOKS)" $(if $(ROSTER),--roster "$(ROSTER)") \
	    $(if $(POINTS),--points "$(POINTS)") $(if $(REMARKS),--remarks "$(REMARKS)") $(if $(CANVAS),--canvas "$(CANVAS)") \
	    $(if $(ASSIGNMENT),--assignment "$(ASSIGNMENT)") $(if $(MOODLE),--moodle "$(MOODLE)") \
	    $(if $(PATTERN),--pattern '$(PATTERN)')

cluster: $(READY)  ## the notebook on this many processes, as on several machines: make cluster WORKERS=2
	@$(BIN)/python -m lesson.cluster.local $(NOTEBOOK).ipynb build/cluster $(WORKERS) $(ARGS)
	@$(PAGE) --output build/cluster/chief < build/cluster/chief.ipynb

test: $(TESTS_READY)  ## lint, and all tests but the long ones; some of them: make test ARGS='tests/data -k zip'
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(PYTEST) -m 'not long' $(ARGS)

test-long: $(TESTS_READY)  ## the long ones: the whole proof of the contract, a cluster, JupyterLab, memory
	$(PYTEST) -m long $(ARGS)

newest:  ## the tests with the newest versions that requirements.txt allows, in .venv-newest
	$(MAKE) VENV=.venv-newest LOCK= test

lock: $(READY)  ## requirements.lock anew, from the newest versions
	PATH="$(BIN):$$PATH" uv pip compile --quiet --universal --upgrade --no-annotate --python-version 3.11 \
	    --custom-compile-command 'make lock' --output-file requirements.lock requirements.txt tests/requirements.txt

format: $(TESTS_READY)  ## the code and the notebook, as the linter wants them
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

guide: $(TESTS_READY)  ## docs/field_guide.md: twenty common faults, each trained, beside what is right
	$(BIN)/python -m tests.contract.field_guide $(ARGS)

record: $(BENCH_READY)  ## five seeds of the digits; of a changed recipe too: make record ARGS='--variants present guess'
	$(BIN)/python benchmarks/record.py $(ARGS)

bench: $(BENCH_READY)  ## speed, data and quality, each against its peers; a few hours
	$(BIN)/python benchmarks/data.py
	$(BIN)/python benchmarks/throughput.py
	$(BIN)/python benchmarks/quality.py

clean:  ## remove what was built and installed; data/ and generators/ stay
	rm -rf build .venv .venv-newest .pytest_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -r {} +

# An environment of another Python is made again; otherwise, what is missing is added to the one that is there.
$(VENV)/python-$(notdir $(PYTHON)):
	@$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info < (3, 14) else \
	    "$(PYTHON) is Python %d.%d. TensorFlow needs 3.11, 3.12 or 3.13: try make PYTHON=python3.13" % sys.version_info[:2])'
	@echo 'Setting up $(VENV), about a minute'
	@$(PYTHON) -m venv --clear $(VENV)
	@command -v uv > /dev/null || $(BIN)/pip install --quiet uv
	@touch $@

$(READY): | $(VENV)/python-$(notdir $(PYTHON))
	@$(INSTALL) --requirement requirements.txt
	@touch $@

$(TESTS_READY): $(READY)
	@$(INSTALL) --requirement tests/requirements.txt
	@touch $@

$(BENCH_READY): $(READY)
	@$(INSTALL) --requirement benchmarks/requirements.txt
	@touch $@
