OCIRUN = dotnet run --project src/OciRun.csproj -f net10.0 --

.PHONY: docs
# The manual and the completions, from the table of commands.
docs:
	mkdir -p docs/man docs/completion
	$(OCIRUN) docs man > docs/man/ocirun.8
	$(OCIRUN) completion bash > docs/completion/ocirun.bash
	$(OCIRUN) completion zsh > docs/completion/ocirun.zsh
	$(OCIRUN) completion fish > docs/completion/ocirun.fish
