using System.Collections.Generic;
using System.Linq;

namespace OciRun.Tests.Errors;

/// <summary>One place in the sources that makes a fault, or one call of a method that makes it of its arguments.</summary>
/// <param name="Room">Directory below src.</param>
/// <param name="File">File without directory and suffix.</param>
/// <param name="Messages">Texts it may have; what is filled in at run time stands in angle brackets.</param>
/// <param name="Fields">Config paths, options and files that it names; null among them: none.</param>
/// <param name="Syscalls">System calls that it names; null among them: none.</param>
/// <param name="Hints">What it advises; null among them: nothing.</param>
/// <param name="Codes">Codes for machines.</param>
/// <param name="HasErrno">It tells what the kernel answered.</param>
internal sealed record FaultEntry(
    string Room,
    string File,
    IReadOnlyList<string> Messages,
    IReadOnlyList<string?> Fields,
    IReadOnlyList<string?> Syscalls,
    IReadOnlyList<string?> Hints,
    IReadOnlyList<string?> Codes,
    bool HasErrno)
{
    public bool HasField => Fields.Any(one => one is not null);

    public bool HasSyscall => Syscalls.Any(one => one is not null);

    public bool HasHint => Hints.Any(one => one is not null);

    public override string ToString() => $"{Room}/{File}: {string.Join(" | ", Messages)}";
}
