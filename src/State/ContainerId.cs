using OciRun.Errors;

namespace OciRun.State;

/// <summary>The name of a container: one file name below the state root (features.md I03, security.md R-001).</summary>
internal static class ContainerId
{
    /// <summary>NAME_MAX of Linux file systems: a longer id could not have a directory.</summary>
    private const int Longest = 255;

    /// <summary>Accepts <c>[A-Za-z0-9_+.-]</c>, 1 to 255 of them, but not <c>.</c> and <c>..</c>.</summary>
    /// <exception cref="FaultException">The text is no container id.</exception>
    public static void Check(string id)
    {
        if (IsValid(id))
            return;
        if (id.Length == 0)
            throw new FaultException(new Fault("container id cannot be empty") { Hint = "give one", Code = "invalid-id" });
        throw id.Length > Longest
            ? Invalid(id[..40] + "…", "use at most 255 characters")
            : Invalid(id, "use letters, digits, '_', '+', '.' and '-', and not '.' or '..' alone");
    }

    /// <summary>True when <see cref="Check"/> accepts it.</summary>
    public static bool IsValid(string id)
    {
        if (id.Length is 0 or > Longest || id is "." or "..")
            return false;
        foreach (char c in id)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('_' or '+' or '.' or '-'))
                return false;
        }

        return true;
    }

    private static FaultException Invalid(string id, string hint) =>
        new(new Fault("invalid container ID format")
        {
            Field = "container id",
            Value = id,
            Hint = hint,
            Code = "invalid-id",
        });
}
