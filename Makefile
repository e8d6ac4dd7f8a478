# Every target sets up what it needs in .venv: no other command has to come first.
# Another Python: make PYTHON=python3.13 test      Other settings of the notebook: make run ARGS='-p faces_epochs 1'
PYTHON ?= python3
NOTEBOOK := dlnd_face_generation
BIN := .venv/bin
READY := .venv/ready-$(notdir $(PYTHON))
TESTS_READY := $(READY)-tests
BENCH_READY := $(READY)-bench
# From standard input: then pictures are looked for here, not where the page goes.
PAGE = $(BIN)/jupyter nbconvert --to html --template lesson/html --embed-images --stdin

WORKERS ?= 2

.PHONY: run cluster html pdf play test test-long lab learn check student grade guide bench soak

run: $(READY)  # the notebook, top to bottom, into build/ as .ipynb and .html
	mkdir -p build
	$(BIN)/python -m lesson.run $(NOTEBOOK).ipynb build/$(NOTEBOOK).ipynb $(ARGS)
	$(PAGE) --output build/$(NOTEBOOK) < build/$(NOTEBOOK).ipynb

cluster: $(READY)  # the same on WORKERS processes, as on so many machines, into build/cluster: make cluster WORKERS=2
	$(BIN)/python -m lesson.local_cluster $(NOTEBOOK).ipynb build/cluster $(WORKERS) $(ARGS)
	$(PAGE) --output build/cluster/chief < build/cluster/chief.ipynb

html: $(READY)  # the saved notebook as one page in build/saved/; your own: make html NOTEBOOK=my_face_generation
	mkdir -p build/saved
	$(PAGE) --output build/saved/$(NOTEBOOK) < $(NOTEBOOK).ipynb

pdf: html  # the same as a PDF, printed by Chromium, Chrome, Edge or Brave
	$(BIN)/python -m lesson.pdf build/saved/$(NOTEBOOK).html build/saved/$(NOTEBOOK).pdf

play: $(READY)  # build/playground.html: a page that computes images, with the generators that the notebook has trained
	$(BIN)/python -m lesson.playground $(ARGS)

# On all cores; the tests of a file stay together, as they share what they set up.
PYTEST = $(BIN)/pytest --numprocesses logical --dist loadfile --no-loadscope-reorder

test: $(TESTS_READY)  # lint, and all tests but the long ones
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(PYTEST) -m 'not long' $(ARGS)

test-long: $(TESTS_READY)  # the long ones: every implementation of the contract's proof, memory, every cell twice
	$(PYTEST) -m long $(ARGS)

soak: $(TESTS_READY)  # faults at random moments, for half an hour
	$(BIN)/python -m tests.soak $(ARGS)

bench: $(BENCH_READY)  # speed, data and quality, each against its peers; two hours
	$(BIN)/python benchmarks/data.py
	$(BIN)/python benchmarks/throughput.py
	$(BIN)/python benchmarks/quality.py

learn: $(READY)  # your own copy, in which you write the six functions, in JupyterLab; one that exists stays as it is
	$(BIN)/python -m lesson.course learn
	$(BIN)/jupyter lab my_face_generation.ipynb

check: $(READY)  # how many of your six functions pass
	$(BIN)/python -m lesson.course check

student: $(READY)  # build/student, for a class, and a zip of it
	$(BIN)/python -m lesson.course student

grade: $(TESTS_READY)  # judge the notebooks of a class: make grade NOTEBOOKS=folder
	$(if $(NOTEBOOKS),,$(error name the folder of the notebooks: make grade NOTEBOOKS=folder))
	$(BIN)/python -m lesson.grade "$(NOTEBOOKS)"

guide: $(TESTS_READY)  # docs/field_guide.md: twenty common faults, each trained, beside what is right
	$(BIN)/python -m tests.field_guide $(ARGS)

lab: $(READY)  # JupyterLab on the notebook
	$(BIN)/jupyter lab $(NOTEBOOK).ipynb

$(READY): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info < (3, 14) else \
	    "$(PYTHON) is Python %d.%d. TensorFlow needs 3.11, 3.12 or 3.13: try make PYTHON=python3.13" % sys.version_info[:2])'
	$(PYTHON) -m venv --clear .venv
	$(BIN)/pip install --quiet --requirement requirements.txt
	touch $@

$(TESTS_READY): $(READY) tests/requirements.txt
	$(BIN)/pip install --quiet --requirement tests/requirements.txt
	touch $@

$(BENCH_READY): $(READY) benchmarks/requirements.txt
	$(BIN)/pip install --quiet --requirement benchmarks/requirements.txt
	touch $@
