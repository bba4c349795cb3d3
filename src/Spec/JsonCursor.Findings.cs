using System.Collections.Generic;
using OciRun.Errors;

namespace OciRun.Spec;

/// <summary>Reading on after what would end it, so that one pass finds everything. Only <c>validate</c> asks for it.</summary>
internal ref partial struct JsonCursor
{
    // Each costs a walk over the document for its path; nobody reads more.
    private const int MaximumFindings = 100;

    /// <summary>Collects what is refused, whose values then count as absent, and the properties that nobody reads.</summary>
    public void Collect(List<Fault> refused, List<Fault> ignored)
    {
        _refused = refused;
        _ignored = ignored;
    }

    /// <summary>Throws, or, when collecting, notes the failure and leaves the current value.</summary>
    public void Fail(FaultException failure)
    {
        if (_refused is null || _refused.Count >= MaximumFindings)
            throw failure;
        _refused.Add(failure.Fault);
        Pass();
    }

    // A string token needs no passing over.
    private readonly Utf8 FailText(FaultException failure)
    {
        if (_refused is null || _refused.Count >= MaximumFindings)
            throw failure;
        _refused.Add(failure.Fault);
        return default;
    }

    private readonly void NoteUnknown()
    {
        if (_ignored is null || _ignored.Count >= MaximumFindings || IsOthers(_key))
            return;
        _ignored.Add(new Fault("unknown property, ignored")
        {
            Field = JsonPath.Of(_buffer, _reader.TokenStartIndex),
            Hint = "check its spelling and its place",
        });
    }

    // Parts of the specification for other platforms, and what 1.3.0 has removed.
    private static bool IsOthers(Utf8 key) =>
        key.Is("windows"u8) || key.Is("solaris"u8) || key.Is("vm"u8) || key.Is("zos"u8) || key.Is("freebsd"u8)
        || key.Is("username"u8) || key.Is("commandLine"u8) || key.Is("enableCMT"u8) || key.Is("enableMBM"u8);
}
