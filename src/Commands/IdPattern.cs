using System;
using System.Collections.Generic;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.State;

namespace OciRun.Commands;

/// <summary><c>--regex</c>: every container whose id a regular expression matches (features.md K03, D02).</summary>
internal static class IdPattern
{
    public static Option Option() => new("regex", OptionKind.Flag, "ID is a POSIX extended regular expression; takes every container that it matches")
    {
        Letter = 'r',
    };

    /// <summary>Does it to one container after the other; one that fails keeps no other from its turn.</summary>
    /// <exception cref="FaultException">The expression is none, or the first failure when all have had their turn.</exception>
    public static void ForEach(string? option, string pattern, Action<string> act)
    {
        List<Fault> failures = [];
        foreach (string id in Find(option, pattern))
        {
            try
            {
                act(id);
            }
            catch (FaultException e) when (e.Fault.Code == StateRoot.MissingCode)
            {
                // Deleted since the directory was read.
            }
            catch (FaultException e)
            {
                failures.Add(e.Fault);
            }
        }

        if (failures.Count == 1)
            throw new FaultException(failures[0]);
        if (failures.Count > 1)
        {
            foreach (Fault failure in failures)
                Log.Warning(failure.Text());
            throw new FaultException(new Fault($"{failures.Count} of the containers that \"{pattern}\" matches failed, the first with: {failures[0].Text()}"));
        }
    }

    // Only directories that have a record: the root can hold those of other runtimes, and a delete removes what has none.
    private static List<string> Find(string? option, string pattern)
    {
        using PosixRegex regex = PosixRegex.Compile(pattern, out string wrong)
            ?? throw Usage.Fault(new Fault($"invalid regular expression: {wrong}") { Field = "--regex", Value = pattern, Hint = "see regex(7)" });
        List<string> ids = [];
        using StateRoot? root = StateRoot.OpenExisting(option);
        foreach (string id in root?.Ids() ?? [])
        {
            if (regex.IsMatch(id) && HasRecord(root!, id))
                ids.Add(id);
        }

        return ids;
    }

    private static bool HasRecord(StateRoot root, string id)
    {
        try
        {
            using ContainerDirectory directory = root.Find(id);
            return directory.Load() is not null;
        }
        catch (FaultException e)
        {
            // A damaged record is one; what the verb says to it counts.
            return e.Fault.Code != StateRoot.MissingCode;
        }
    }
}
