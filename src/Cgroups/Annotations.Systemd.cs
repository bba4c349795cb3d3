using System;
using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.Cgroups;

internal sealed partial class SystemdProperties
{
    private const string AnnotationPrefix = "org.systemd.property.";

    /// <summary>
    /// Annotations <c>org.systemd.property.NAME</c> (features.md AN01), after all others so that they win. The value is
    /// text of GVariant; a number for <c>NameSec</c> counts seconds and becomes <c>NameUSec</c>.
    /// </summary>
    /// <exception cref="FaultException">A name is not of letters, or a value has another form.</exception>
    public void AddAnnotations(Pair[]? annotations)
    {
        foreach (Pair pair in annotations ?? [])
        {
            if (pair.Key.StartsWith("org.systemd.property."u8))
                AddAnnotation(pair.Key.ToString(), pair.Value.ToString());
        }
    }

    private void AddAnnotation(string key, string text)
    {
        string name = key[AnnotationPrefix.Length..];
        string field = $"annotations[\"{key}\"]";
        if (name.Length < 3 || name.AsSpan().ContainsAnyExcept(Letters))
            throw Refused(field, text, "the name of the systemd property is not at least three letters", "use its name in org.freedesktop.systemd1(5)");
        DBusValue value;
        try
        {
            value = GVariantText.Parse(text);
        }
        catch (FaultException failure)
        {
            throw Refused(field, text, failure.Fault.Message, "for example true, 'text', uint64 5 or @as []");
        }

        // TimeoutStopSec, but not TimeoutStopUSec.
        if (name.EndsWith("Sec", StringComparison.Ordinal) && name.Length > 3 && char.IsAsciiLetterLower(name[^4]))
            Add(name[..^3] + "USec", Microseconds(field, text, value));
        else
            Add(name, value);
    }

    private static System.Buffers.SearchValues<char> Letters { get; } =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    private static DBusValue Microseconds(string field, string text, DBusValue value)
    {
        double seconds = value.Signature switch
        {
            "n" or "i" or "x" => unchecked((long)value.Number),
            "y" or "q" or "u" or "t" => value.Number,
            "d" => BitConverter.Int64BitsToDouble(unchecked((long)value.Number)),
            _ => double.NaN,
        };
        if (value.Signature == "t" && value.Number == Infinity)
            return value;
        return seconds is >= 0 and < 1.8e13
            ? Number((ulong)(seconds * 1e6))
            : throw Refused(field, text, "not a number of seconds", "give a number, or use the USec name of the property");
    }
}
