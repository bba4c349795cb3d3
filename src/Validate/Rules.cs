using System.Collections.Generic;
using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.Validate;

/// <summary>
/// One walk over a config; the rules are in files named after the field they judge. Texts and paths are only built
/// for findings.
/// </summary>
internal ref partial struct Rules
{
    // A field can hold megabytes; an error is for reading.
    private const int MaximumShown = 256;

    private readonly Config _config;
    private readonly ValidationFacts _facts;
    private readonly NamespaceSet _new;
    private readonly NamespaceSet _joined;
    private List<Fault>? _findings;

    public Rules(Config config, ValidationFacts facts)
    {
        _config = config;
        _facts = facts;
        foreach (Namespace entry in config.Linux?.Namespaces ?? [])
        {
            if (entry.Path.IsEmpty)
                _new |= Kind(entry.Type);
            else
                _joined |= Kind(entry.Type);
        }
    }

    public List<Fault> Run()
    {
        Process();
        Root();
        Hostname("hostname", _config.Hostname);
        Hostname("domainname", _config.Domainname);
        Mounts();
        Hooks();
        Annotations();
        Namespaces();
        IdMappings();
        TimeOffsets();
        MemoryPolicy();
        Personality();
        Sysctl();
        Devices();
        NetDevices();
        IntelRdt();
        RootfsPropagation();
        MountLabel();
        return _findings ?? [];
    }

    public List<Fault> RunProcess()
    {
        Process();
        return _findings ?? [];
    }

    /// <summary>Refuses a word that is none of the known ones.</summary>
    private void Unknown(string what, string field, Utf8 word, string[] known) => Add(new Fault(word.IsNull ? "missing" : $"unknown {what}")
    {
        Field = field,
        Value = word.IsNull ? null : Shown(word),
        Hint = "use one of " + string.Join(", ", known),
    });

    // Of what other runtimes do, or another version of this one.
    private void Refuse(Fault fault) => Add(fault with { Code = "unsupported-field" });

    private void Add(Fault fault)
    {
        _findings ??= [];
        if (_findings.Count < Validator.MaximumFindings)
            _findings.Add(fault);
    }

    /// <summary>A value as errors show it: cut when long, at the start of a character.</summary>
    private static string Shown(Utf8 text)
    {
        if (text.Length <= MaximumShown)
            return text.ToString();
        int end = MaximumShown;
        while (end > 0 && (text[end] & 0xc0) == 0x80)
            end--;
        return text.Slice(0, end) + "...";
    }
}
