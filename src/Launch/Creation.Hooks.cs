using System.Collections.Generic;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Plan;
using OciRun.Spec;

namespace OciRun.Launch;

internal sealed partial class Creation
{
    private List<Utf8> HookEnvironment() =>
        RuntimeHooks.NeedOwnEnvironment(_config.Hooks?.CreateContainer) ? RuntimeHooks.OwnEnvironment() : [];

    // The child has its mounts and waits. The record names it first: `delete --force` ends a create whose hook hangs.
    private void RunRuntimeHooks()
    {
        Trace.Phase("hooks");
        RecordPid();
        _directory!.Save(_record);
        ApplyLimits();
        StateDocument state = HookSteps.State(_record.Id, "creating", _record.Bundle, _record.Annotations);
        RunHooks("prestart", _config.Hooks?.Prestart, state, _pidfd!.Number);
        RunHooks("createRuntime", _config.Hooks?.CreateRuntime, state, _pidfd.Number);
        Go();
    }

    /// <summary>After execve. A failure ends the container.</summary>
    public void Poststart()
    {
        if (_config.Hooks?.Poststart is not { Length: > 0 } hooks)
            return;
        Trace.Phase("hooks");
        RunHooks("poststart", hooks, HookSteps.State(_record.Id, "running", _record.Bundle, _record.Annotations), -1);
    }

    // Ends with a signal that ends the command; while the container is made also with its process.
    private void RunHooks(string kind, Hook[]? hooks, StateDocument state, int pidfd)
    {
        const ulong ending = (1UL << (Uapi.SIGINT - 1)) | (1UL << (Uapi.SIGTERM - 1)) | (1UL << (Uapi.SIGHUP - 1))
            | (1UL << (Uapi.SIGQUIT - 1));
        using Fd signals = new(Sys.signalfd4(ending, Uapi.SFD_CLOEXEC | Uapi.SFD_NONBLOCK));
        try
        {
            RuntimeHooks.Run(kind, hooks, state, _pid, signals.Number, pidfd);
        }
        catch (FaultException)
        {
            CheckInterrupt();
            throw;
        }
    }

    // createContainer hooks write where the annotations say. Those of startContainer run when the process holds nothing
    // of the host any more, and are captured.
    private unsafe HookOutput? OpenHookOutput()
    {
        if (_config.Hooks?.CreateContainer is not { Length: > 0 })
            return null;
        HookOutput files = HookOutput.Open(_config.Annotations, _options.Bundle);
        foreach (Step step in _plan.Steps)
        {
            if (step.Op == Op.Hook && step.Slot != Slot.None)
                files.Give((HookStep*)step.Data);
        }

        return files;
    }

    // Without a pid namespace nothing but the process itself ends the hook it runs, so it is asked before it is killed.
    private void EndContainerHooks()
    {
        const int limit = 1000;
        if (_pid <= 0 || _restores is not null || (_config.Hooks?.CreateContainer is not { Length: > 0 } && _config.Hooks?.StartContainer is not { Length: > 0 }))
            return;
        _sync?.Dispose();
        if (_pidfd is { Number: >= 0 })
            Sys.ppoll([new pollfd { fd = _pidfd.Number, events = Uapi.POLLIN }], limit);
    }
}
