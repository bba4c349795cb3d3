using OciRun.Errors;

namespace OciRun.Validate;

/// <summary>Whether a container can be made in spite of a finding.</summary>
internal enum Severity
{
    /// <summary><c>create</c> fails with the same fault.</summary>
    Error,

    /// <summary>The container is made, perhaps not as its author meant.</summary>
    Warning,
}

/// <summary>One result of <c>validate</c>: what is wrong, how grave it is, and the rule behind it.</summary>
internal sealed record Finding(Severity Severity, Fault Fault)
{
    /// <summary>The rule for the field, and the clause of the specification; null for faults without a field.</summary>
    public Clause? Clause { get; } = RuleBook.Find(Fault.Field);

    /// <summary>JSON path of the field, without the value that errors may show behind it; empty without one.</summary>
    public string Path
    {
        get
        {
            string path = Fault.Field ?? "";
            int quoted = path.IndexOf(" \"", System.StringComparison.Ordinal);
            return quoted < 0 ? path : path[..quoted];
        }
    }
}
