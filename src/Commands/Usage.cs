using OciRun.Errors;

namespace OciRun.Commands;

/// <summary>Failures of the command line itself.</summary>
internal static class Usage
{
    /// <summary>Code of faults after which the verb's usage is shown.</summary>
    public const string Code = "usage";

    public static FaultException Fault(Fault fault) => new(fault with { Code = Code });

    /// <summary>Where the right spelling is told.</summary>
    public static string Advice(Verb verb) =>
        verb.Name == Table.Program ? $"see '{Table.Program} --help'" : $"see '{Table.Program} {verb.Name} --help'";
}
