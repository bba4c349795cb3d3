# Everything a developer or CI runs. `make demo` and `make test` are the two to start with.
SHELL := /bin/sh
PUBLISH_FRAMEWORK := $(shell sed -n 's|.*<OciRunPublishFramework>\(.*\)</.*|\1|p' Directory.Build.props)
RID := linux-$(if $(filter aarch64,$(shell uname -m)),arm64,x64)
# It leaves without the runtime's shutdown, which would remove the debugger's sockets from /tmp.
OCIRUN = DOTNET_EnableDiagnostics=0 dotnet src/bin/Release/net10.0/ocirun.dll
PREFIX ?= /usr/local
SOURCES := $(shell find src -name '*.cs' -not -path '*/obj/*' -not -path '*/bin/*') src/OciRun.csproj src/Product.props $(wildcard src/Launch/*.c) build/order.c build/image-order.txt bench/decode.h Directory.Build.props Directory.Packages.props
# `make build` runs the analysers, which take longer than the compiler.
UNCHECKED := -p:RunAnalyzers=false
export DOTNET_CLI_TELEMETRY_OPTOUT := 1
export DOTNET_NOLOGO := 1

.PHONY: all setup build publish demo test conformance conformance-peers conformance-report density attack security-report bench test-vm test-engines vm-shell bench-vm soak fuzz format-check docs install uninstall package ci nightly clean

all: publish

setup:
	scripts/setup

build:
	dotnet build OciRun.sln -c Release

publish: out/ocirun

out/ocirun: $(SOURCES)
	dotnet publish src/OciRun.csproj -c Release -r $(RID) -f $(PUBLISH_FRAMEWORK) -o out $(UNCHECKED)
	touch out/ocirun

# The product's sources in a program that creates containers in a loop within one process.
out/soak/ocirun-soak: $(SOURCES) tests/Soak/Program.cs tests/Soak/OciRun.Soak.csproj
	dotnet publish tests/Soak/OciRun.Soak.csproj -c Release -r $(RID) -f $(PUBLISH_FRAMEWORK) -o out/soak $(UNCHECKED)
	touch out/soak/ocirun-soak

demo: publish
	scripts/demo

# Unit and integration tests; the integration tier runs out/ocirun.
test: publish out/soak/ocirun-soak
	scripts/test

# The black-box cases alone, on any runtime, here and in the virtual machine: make conformance RUNTIME=/path/of/runtime
conformance: $(if $(RUNTIME),,publish)
	scripts/setup vm
	scripts/conformance

# The same cases on Debian's crun and runc: proves the cases, prints who differs.
conformance-peers:
	scripts/setup peers
	scripts/setup vm
	scripts/conformance crun runc

# docs/conformance.md, from what the two before have left.
conformance-report:
	scripts/conformance-report >out/conformance.md
	cp out/conformance.md docs/conformance.md

# The races of the attack suite for as long as they may take: ATTACK_ROUNDS starts against each racer, every call of the
# runtime before which files can be exchanged. make attack RUNTIME="scripts/peer runc" for a peer.
ATTACK_ROUNDS ?= 2000
attack: $(if $(RUNTIME),,publish)
	mkdir -p out/results
	rm -f out/results/attack-rounds.tsv
	ATTACK_ROUNDS=$(ATTACK_ROUNDS) ATTACK_REPORT=$(CURDIR)/out/results/attack-rounds.tsv dotnet test tests/OciRun.Tests.csproj -c Release -f net10.0 \
	  --filter 'FullyQualifiedName~AttackSweepTests|FullyQualifiedName~MountsRaceTests' </dev/null

# docs/security.md, from what test, test-vm, conformance-peers and attack have left.
security-report:
	scripts/security-report >out/security.md
	cp out/security.md docs/security.md

# N sleeping containers of each runtime: what one more costs. Writes docs/density.md.
density: publish
	scripts/setup peers
	scripts/density $(N)

bench: publish
	scripts/setup peers
	scripts/bench

# What needs systemd, cgroup limits or AppArmor, in a virtual machine: make test-vm RUNTIME=crun for a peer.
test-vm: publish
	scripts/setup vm
	scripts/test-vm

# containerd, Podman, Docker and others in that machine, on their usual runtime and on ocirun.
test-engines: publish
	scripts/setup engines
	scripts/test-engines

# A shell in that machine, with the runtime at /job/ocirun.
vm-shell: publish
	scripts/setup vm
	mkdir -p out/vm/shell
	cp out/ocirun out/vm/shell/
	scripts/vm shell out/vm/shell

# `run --systemd-cgroup` of ocirun, crun and runc in one boot of that machine.
bench-vm: publish
	scripts/setup vm
	scripts/bench-vm

# Thousands of containers one after another; nothing may be left.
soak: publish out/soak/ocirun-soak
	scripts/soak

# Inputs nobody would write, for every reader: make fuzz FUZZ_COUNT=10000 FUZZ_SEED=2. Without a count it does not end.
fuzz:
	dotnet build tests/Fuzz/OciRun.Fuzz.csproj -c Release -f net10.0 $(UNCHECKED) -v q
	scripts/fuzz

format-check:
	dotnet format OciRun.sln --verify-no-changes --no-restore

# The manual and the completions, from the table of commands; the list of errors, from the sources.
docs:
	dotnet build src/OciRun.csproj -f net10.0 -c Release -v q
	mkdir -p docs/man docs/completion
	rm -f docs/man/*.8
	$(OCIRUN) docs man > docs/man/ocirun.8
	for command in $$($(OCIRUN) docs commands); do $(OCIRUN) docs man $$command > docs/man/ocirun-$$command.8 || exit 1; done
	$(OCIRUN) completion bash > docs/completion/ocirun.bash
	$(OCIRUN) completion zsh > docs/completion/ocirun.zsh
	$(OCIRUN) completion fish > docs/completion/ocirun.fish
	UPDATE_DOCS=1 dotnet test tests/OciRun.Tests.csproj -f net10.0 --filter 'FullyQualifiedName~CatalogueTests.The_list_is_current'

# The program, its manual, completions, licence and documents: make install PREFIX=/usr DESTDIR=/tmp/tree. Nothing is built
# but what is missing, so that `make && sudo make install` builds as the user.
install: publish
	scripts/install "$(DESTDIR)" "$(PREFIX)"

uninstall:
	scripts/install --remove "$(DESTDIR)" "$(PREFIX)"

# A Debian package, a tarball and their checksums below out/package: the same bytes of the same commit.
package:
	scripts/package

ci: setup
	scripts/ci

# All that takes hours, too: the peers everywhere, every fault, the engines on their usual runtimes.
nightly: setup
	NIGHTLY=1 scripts/ci

clean:
	rm -rf out
	dotnet clean OciRun.sln -v q
