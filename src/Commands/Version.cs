namespace OciRun.Commands;

/// <summary><c>--version</c> (features.md G09, callers.md §18): no other line may contain the word "version".</summary>
internal static class Version
{
    /// <summary>The newest runtime-spec whose fields are known.</summary>
    public const string Specification = OciRun.Spec.SpecVersion.Current;

    /// <summary>Of this program, as in Directory.Build.props.</summary>
    public const string Program = BuildConstants.Version;

    public static int Print()
    {
        string commit = BuildConstants.Commit.Length > 0 ? $"commit: {BuildConstants.Commit}\n" : "";
        Output.Write($"{Table.Program} version {Program}\n{commit}spec: {Specification}\n");
        return 0;
    }
}
