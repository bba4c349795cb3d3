namespace OciRun.Commands;

/// <summary><c>--version</c> (features.md G09, callers.md §18): no other line may contain the word "version".</summary>
internal static class Version
{
    /// <summary>The newest runtime-spec whose fields are known.</summary>
    public const string Specification = "1.3.0";

    /// <summary>Of this program, as in Directory.Build.props.</summary>
    public const string Program = "0.1.0";

    public static int Print()
    {
        Output.Write($"{Table.Program} version {Program}\nspec: {Specification}\n");
        return 0;
    }
}
