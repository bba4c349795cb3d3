namespace OciRun.Commands;

/// <summary><c>docs man</c>: what the packages' manual is made from.</summary>
internal static class Docs
{
    public static Verb Describe() => new()
    {
        Name = "docs",
        Summary = "print the manual page's source",
        Synopsis = "man",
        Words = ["man"],
        IsHidden = true,
        Minimum = 1,
        Maximum = 1,
        Execute = static arguments =>
        {
            if (arguments.Positional[0] != "man")
                throw Help.Unknown(arguments.Positional[0]);
            Output.Write(Manual.Write());
            return 0;
        },
    };
}
