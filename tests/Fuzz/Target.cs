using System;

namespace OciRun.Fuzz;

/// <summary>One door through which ocirun takes what others wrote.</summary>
/// <param name="Name">As <c>--target</c> has it.</param>
/// <param name="Make">Makes an input; only the draw decides what it is.</param>
/// <param name="Run">
/// Takes the input and returns what came of it, the same text every time. It may throw a
/// <see cref="Errors.FaultException"/>, which refuses the input; any other exception is a failure, <see cref="BrokenRule"/>
/// among them.
/// </param>
internal sealed record Target(string Name, Func<Draw, byte[]> Make, Func<byte[], string> Run)
{
    /// <summary>Inputs that are compared twice cost twice; those that work on files are long enough without.</summary>
    public bool RunsTwice { get; init; } = true;
}

/// <summary>Something that must always hold did not.</summary>
internal sealed class BrokenRule(string message) : Exception(message)
{
    public static void Unless(bool holds, string rule)
    {
        if (!holds)
            throw new BrokenRule(rule);
    }
}
