using System.Collections.Generic;
using OciRun.Child;
using OciRun.Errors;
using OciRun.Host;
using OciRun.Kernel;
using OciRun.Plan;
using OciRun.Spec;
using OciRun.Validate;

namespace OciRun.Launch;

internal sealed unsafe partial class Creation
{
    private RootLayers? _layers;

    // What root.path names when it is there; layers need no place on disk.
    private string FindMountPoint()
    {
        Utf8 path = _config.Root?.Path ?? default;
        return path.IsEmpty ? "" : Machine.Directory(Paths.Below(_options.Bundle, path).Span)?.Path ?? "";
    }

    // For the record: where the root file system would be looked for, although only the container sees it there.
    private string LayersRootfs(string mountPoint)
    {
        Utf8 path = _config.Root?.Path ?? default;
        if (mountPoint.Length > 0)
            return mountPoint;
        return Paths.Below(_options.Bundle, path.IsEmpty ? "rootfs" : path).ToString();
    }

    // The kernel takes an upper directory inside a layer, and then the layer changes with every write.
    private void CheckUpper()
    {
        if (_layers?.Upper is null)
            return;
        List<Finding> findings = [];
        HostRules.CheckLayers(_layers, _options.Bundle, findings);
        if (findings.Count > 0)
            throw new FaultException(findings[0].Fault);
    }

    private void RunParentSteps()
    {
        foreach (Step step in _plan.ParentSteps)
        {
            Step copy = step;
            _context->Syscall = Report.NoSyscall;
            _context->Extra = 0;
            long began = Trace.Now();
            long result = step.Op == Op.MountLayers && _plan.LayerIds is not null ? MountMapped(step) : Executor.Prepare(_context, &copy);
            if (Trace.IsOn)
                TraceParent(step, began, result);
            if (result >= 0)
                continue;
            Report report = new() { Kind = ReportKind.Failed, Syscall = _context->Syscall, Errno = (int)-result, Extra = _context->Extra };
            Fault fault = Failure.From(_plan, step, report, Failure.Text(_context->Message));
            throw new FaultException(step.Op == Op.MountLayers ? Explained(fault) : fault);
        }
    }

    private void CloseLayers()
    {
        if (_plan.ParentSteps.Count > 0)
            Sys.close(_context->Slots[Slot.Rootfs]);
    }

    private Fault Explained(Fault fault, in Report report) =>
        report.Step < _plan.Steps.Count && _plan.Steps[report.Step].Op == Op.MountLayers ? Explained(fault) : fault;

    // The kernel's one number has many causes, and its explanation is in its log: look for the directories that are to blame.
    private Fault Explained(Fault fault)
    {
        List<Finding> findings = [];
        HostRules.CheckLayers(_layers!, _options.Bundle, findings);
        return findings.Count == 0 ? fault : findings[0].Fault with { Syscall = fault.Syscall, Errno = fault.Errno };
    }
}
