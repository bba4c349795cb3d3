using System.Collections.Generic;
using OciRun.Errors;
using OciRun.Spec;
using OciRun.Tests.Spec;
using OciRun.Validate;

namespace OciRun.Tests.Validate;

/// <summary>Short forms of judging a sample: the texts of all findings.</summary>
internal static class Validating
{
    public static readonly ValidationFacts Root = new() { Privileged = true };

    public static readonly ValidationFacts Rootless = new() { Euid = 1000, RootlessEuid = true };

    /// <summary>Findings on a config that has just a version and the given members.</summary>
    public static string[] Bare(string members, ValidationFacts? facts = null) => Texts(Reading.Members(members), facts);

    /// <summary>Findings on a config that is sound but for the given members; they replace those of the same name.</summary>
    public static string[] Members(string members, ValidationFacts? facts = null) =>
        Bare($$"""
            "process": {"args": ["sh"], "cwd": "/"}, "root": {"path": "rootfs"}, {{members}}
            """, facts);

    public static string[] Process(string members) =>
        Members($$"""
            "process": {"args": ["sh"], "cwd": "/", {{members}}}
            """);

    public static string[] Linux(string members, ValidationFacts? facts = null) =>
        Members($$"""
            "linux": { {{members}} }
            """, facts);

    public static string[] Texts(Config config, ValidationFacts? facts = null) =>
        Validator.Check(config, facts ?? Root).ConvertAll(finding => finding.Text()).ToArray();

    public static List<Fault> Faults(string members) => Validator.Check(Reading.Members(members), Root);
}
