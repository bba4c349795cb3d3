using System.Globalization;
using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.Validate;

internal ref partial struct Rules
{
    // __NEW_UTS_LEN (linux/utsname.h), without the NUL.
    private const int LongestHostname = 64;

    /// <summary>hostname and domainname, which obey the same rules (sethostname(2), setdomainname(2)).</summary>
    private void Hostname(string field, Utf8 name)
    {
        if (name.IsEmpty)
            return;
        if (name.Length > LongestHostname)
        {
            Add(new Fault(string.Create(CultureInfo.InvariantCulture, $"{name.Length} bytes are too long"))
            {
                Field = field,
                Value = Shown(name),
                Hint = "the kernel takes at most 64 bytes",
            });
        }

        if (!Has(NamespaceSet.Uts))
        {
            Add(new Fault("unable to set it without a private UTS namespace")
            {
                Field = field,
                Value = Shown(name),
                Hint = "add {\"type\": \"uts\"} to linux.namespaces",
            });
        }
    }
}
