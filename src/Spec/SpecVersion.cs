namespace OciRun.Spec;

/// <summary>The version of the runtime specification that this program implements.</summary>
internal static class SpecVersion
{
    public const string Current = "1.3.0";
}
