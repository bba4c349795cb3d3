namespace System.Runtime;

/// <summary>
/// Recognised by name by the NativeAOT compiler: the method is a direct call of a native symbol. The framework's own
/// attribute of this name is internal to it.
/// </summary>
[AttributeUsage(AttributeTargets.Method, Inherited = false)]
internal sealed class RuntimeImportAttribute : Attribute
{
    public RuntimeImportAttribute(string library, string entry)
    {
        Library = library;
        Entry = entry;
    }

    public string Library { get; }

    public string Entry { get; }
}
