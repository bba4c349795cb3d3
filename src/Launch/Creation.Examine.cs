using System.Collections.Generic;
using OciRun.Cgroups;
using OciRun.Errors;
using OciRun.Filters;
using OciRun.Kernel;
using OciRun.Spec;
using OciRun.Validate;

namespace OciRun.Launch;

internal sealed partial class Creation
{
    // One step of planning at a time is repaired; a config that goes on failing is not worth more.
    private const int MostRepairs = 200;

    /// <summary>
    /// Everything that keeps the container from being made, as far as it can be told without making it, and what may
    /// not be as its author meant. Changes nothing.
    /// </summary>
    /// <remarks>
    /// The faults are those of <c>create</c>, found by the same code: what it refuses is repaired in memory and planned
    /// again until nothing is refused. The host is then asked for what the whole config wants.
    /// </remarks>
    /// <exception cref="FaultException">There is no config.json, or it is not JSON.</exception>
    public List<Finding> Examine()
    {
        byte[] json = ReadBytes();
        List<Fault> refused = [];
        List<Fault> ignored = [];
        Config asWritten = ConfigReader.Examine(json, _options.ConfigFile, refused, ignored);
        Findings findings = new();
        foreach (Fault fault in refused)
            findings.AddUnreadable(fault);
        foreach (Fault fault in ignored)
            findings.Add(Severity.Warning, fault);

        List<Fault> broken = Validator.Check(asWritten, Facts(asWritten, _options.Layers));
        foreach (Fault fault in broken)
            findings.Add(Severity.Error, fault);
        _settings = CgroupSettings.From(asWritten.Linux?.Resources);
        foreach (Fault fault in _settings.Faults)
            findings.Add(Severity.Error, fault);

        // Repairs are made in a copy.
        _config = ConfigReader.Examine(json, _options.ConfigFile, [], []);
        broken.InsertRange(0, refused);
        if (broken.TrueForAll(Repair) && PlanAll(findings))
        {
            using Fd root = new(Sys.openat(Uapi.AT_FDCWD, Sys.Bytes(_record.Rootfs), Uapi.O_PATH | Uapi.O_DIRECTORY));
            if (root.Number >= 0)
            {
                CheckTargets(root, findings);
                CheckExecutable(root, findings);
            }

            foreach (Fault fault in FindMissing())
                findings.Add(Severity.Error, fault);
            ForeseeResctrl(findings);
            ForeseeNetDevices(findings);
        }

        List<Finding> host = [];
        HostRules.Check(asWritten, RootLayers.Read(asWritten, _options.Layers, []), _options.Bundle, host);
        foreach (Finding finding in host)
            findings.AddUnlessCovered(finding);
        return findings.All;
    }

    // True when everything could be planned in the end.
    private bool PlanAll(Findings findings)
    {
        for (int i = 0; i < MostRepairs; i++)
        {
            try
            {
                _plan.Arena.Dispose();
                MakeSteps();
                SeccompCompiler.Compile(
                    _config.Linux?.Seccomp, System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture);
                foreach (string warning in _plan.Warnings)
                    findings.Add(Severity.Warning, Warned(warning));
                return true;
            }
            catch (FaultException failure)
            {
                findings.Add(Severity.Error, failure.Fault);
                if (!Repair(failure.Fault))
                    return false;
            }
        }

        return false;
    }

    // A warning starts with its field.
    private static Fault Warned(string warning)
    {
        int colon = warning.IndexOf(": ", System.StringComparison.Ordinal);
        return colon < 0 ? new Fault(warning) : new Fault(warning[(colon + 2)..]) { Field = warning[..colon] };
    }

    /// <summary>Findings, each place once.</summary>
    private sealed class Findings
    {
        private readonly List<string> _unreadable = [];

        public List<Finding> All { get; } = [];

        /// <summary>A value that is absent from now on, or an item that shifts those behind it in its list.</summary>
        public void AddUnreadable(Fault fault)
        {
            All.Add(new Finding(Severity.Error, fault));
            string path = fault.Field ?? "";
            _unreadable.Add(path.EndsWith(']') ? path[..path.LastIndexOf('[')] : path);
        }

        public void Add(Severity severity, Fault fault)
        {
            Finding finding = new(severity, fault);
            foreach (string path in _unreadable)
            {
                if (Contains(path, finding.Path))
                    return;
            }

            if (!All.Exists(other => other.Path == finding.Path && other.Severity == severity && other.Path.Length > 0))
                All.Add(finding);
        }

        /// <summary>Not beside a finding on the same object, which the rules of the specification already refuse.</summary>
        public void AddUnlessCovered(Finding finding)
        {
            if (!All.Exists(other => other.Severity == Severity.Error
                && (Contains(other.Path, finding.Path) || Contains(finding.Path, other.Path))))
                Add(finding.Severity, finding.Fault);
        }

        private static bool Contains(string outer, string inner) =>
            inner.StartsWith(outer, System.StringComparison.Ordinal)
            && (inner.Length == outer.Length || inner[outer.Length] is '.' or '[');
    }
}
