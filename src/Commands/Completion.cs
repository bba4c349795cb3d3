namespace OciRun.Commands;

/// <summary><c>completion SHELL</c> (features.md O04).</summary>
internal static class Completion
{
    public static Verb Describe() => new()
    {
        Name = "completion",
        Summary = "print a completion script for a shell",
        Synopsis = "bash|zsh|fish",
        Words = ["bash", "zsh", "fish"],
        Minimum = 1,
        Maximum = 1,
        Examples =
        [
            new("completion bash >/etc/bash_completion.d/ocirun", "where no package has installed it"),
        ],
        Execute = static arguments =>
        {
            Output.Write(arguments.Positional[0] switch
            {
                "bash" => BashCompletion.Write(),
                "zsh" => ZshCompletion.Write(),
                "fish" => FishCompletion.Write(),
                { } other => throw Usage.Fault(new Errors.Fault($"unknown shell \"{other}\"") { Hint = "use bash, zsh or fish" }),
            });
            return 0;
        },
    };
}
