using System.Collections.Generic;
using System.IO;
using System.Text;
using OciRun.Errors;
using OciRun.Launch;
using OciRun.Plan;
using OciRun.Validate;

namespace OciRun.Fuzz.Targets;

/// <summary>A bundle on disk, as <c>validate</c> and <c>plan</c> take it: the one has to find what the other refuses.</summary>
internal sealed class BundleDoor
{
    private readonly string _bundle;

    public BundleDoor(Corpus corpus, Scratch scratch)
    {
        _bundle = scratch.Make("bundle");
        Directory.CreateDirectory(Path.Combine(_bundle, "rootfs", "bin"));
        Target = Doors.Json("bundle", corpus, corpus.Configs, Run) with { RunsTwice = false };
    }

    public Target Target { get; }

    private string Run(byte[] input)
    {
        File.WriteAllBytes(Path.Combine(_bundle, "config.json"), input);
        Fault? refused = null;
        try
        {
            using Creation creation = New();
            try
            {
                creation.MakePlan();
                PlanText.Text(creation.Plan);
            }
            finally
            {
                creation.Plan?.Arena.Dispose();
            }
        }
        catch (FaultException e)
        {
            refused = e.Fault;
        }

        using Creation examined = New();
        List<Finding> findings = examined.Examine();
        examined.Plan?.Arena.Dispose();
        StringBuilder seen = new();
        bool wrong = false;
        foreach (Finding finding in findings)
        {
            seen.Append(finding.Path).Append(finding.Fault.Text()).Append(finding.Clause?.ToString()).Append('\n');
            wrong |= finding.Severity == Severity.Error;
        }

        if (refused is null)
            return seen.ToString();
        BrokenRule.Unless(wrong, "what create refuses, validate finds nothing in");
        throw new FaultException(refused);
    }

    private Creation New() => new(new LaunchOptions { Id = "fuzz", Bundle = _bundle }, waitsAtGate: false);
}
