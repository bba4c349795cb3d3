using System;
using OciRun.Child;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Plan;
using OciRun.Spec;
using OciRun.State;

namespace OciRun.Launch;

/// <summary>create, run and start: the verbs that make a process or let it go.</summary>
internal static unsafe partial class Launcher
{
    /// <summary>Makes a container whose process waits for <see cref="Start"/>.</summary>
    public static int Create(LaunchOptions options)
    {
        SelfCopy.Ensure();
        using Creation creation = new(options, waitsAtGate: true);
        creation.Prepare();
        creation.Reserve();
        creation.Clone();
        creation.AwaitReady();
        creation.HandOverListener();

        // Whoever sees the pid file may kill this process, and the container stands.
        creation.Commit();
        Trace.Phase("pid file");
        if (options.PidFile is not null)
            PidFile.Write(options.PidFile, creation.Pid);
        creation.SendPidfd();
        creation.Release();
        return 0;
    }

    /// <summary>Create, start, and unless detached wait and delete: the process's exit status.</summary>
    public static int Run(LaunchOptions options)
    {
        SelfCopy.Ensure();
        if (!options.Detach && !options.NoSubreaper)
            Sys.prctl(Uapi.PR_SET_CHILD_SUBREAPER, 1);
        using Creation creation = new(options, waitsAtGate: false);
        creation.Prepare();
        creation.Reserve();
        creation.Clone();
        creation.AwaitReady();
        creation.HandOverListener();
        using NotifySocket? notify = NotifySocket.Listen(creation.Directory);
        creation.Commit();
        Trace.Phase("wait for the program");
        creation.AwaitExecution(followed: !options.Detach);
        creation.Poststart();
        return Follow(creation, options, notify);
    }

    // The container runs: tells so, and unless detached stays with it.
    private static int Follow(Creation creation, LaunchOptions options, NotifySocket? notify)
    {
        Trace.Phase("pid file");
        if (options.PidFile is not null)
            PidFile.Write(options.PidFile, creation.Pid);
        creation.SendPidfd();
        creation.Release();
        if (options.Detach)
            return notify?.AwaitReady(creation.Pid, creation.Pidfd, creation.Signals) ?? 0;
        Trace.Phase("wait for the end");
        creation.TraceWhileWaiting();
        int status = Foreground.Wait(creation.Pid, creation.Pidfd, creation.Signals, creation.Master, notify);
        if (!options.Keep)
            Delete(creation);
        return status;
    }

    // Another command may have deleted it meanwhile, which must not cost the process's status.
    private static void Delete(Creation creation)
    {
        try
        {
            creation.Directory.Lock();
            Teardown.Remove(creation.Directory, creation.Record);
            RuntimeHooks.Poststop(creation.Config.Hooks, creation.Record);
        }
        catch (FaultException gone) when (gone.Fault.Code == StateRoot.MissingCode)
        {
            Log.Debug("the container was deleted by another command");
        }
    }

    /// <summary>Lets a created container's process go, and reports what fails up to and including its execve.</summary>
    public static int Start(string? root, string id)
    {
        Trace.Phase("state");
        using ContainerDirectory directory = StateRoot.FindContainer(root, id);
        directory.Lock();
        ContainerRecord record = directory.Load() ?? throw StateRoot.Missing(id);
        ContainerStatus status = Status.Of(directory, record);
        if (status != ContainerStatus.Created)
            throw NotCreated(directory, record, status);
        using NotifySocket? notify = NotifySocket.Listen(directory);
        using Fd? init = notify is null ? null : Liveness.Open(record);
        Trace.Phase("gate");
        int gate = GateSocket.Connect(directory.Number);
        if (gate < 0)
        {
            throw gate == -Errno.ECONNREFUSED
                ? NotCreated(directory, record, Liveness.IsAlive(record) ? ContainerStatus.Running : ContainerStatus.Stopped)
                : new FaultException(new Fault("cannot reach the waiting process") { Field = "container", Value = id, Syscall = "connect", Errno = -gate });
        }

        using Fd connection = new(gate);

        // From here on it runs or it is dead; without the socket nobody takes it for `created` until its execve.
        Sys.unlinkat(directory.Number, GateSocket.Name, 0);
        Trace.Phase("wait for the program");
        try
        {
            AwaitExecution(directory, record, gate);
        }
        catch (FaultException)
        {
            // Whoever is told may delete the container at once.
            Teardown.AwaitExit(record);
            throw;
        }

        Trace.Phase("hooks");
        if (directory.LoadHooks() is { Poststart: { Length: > 0 } hooks })
            Poststart(hooks, record);
        if (notify is null || init is null)
            return 0;

        // Others may have business with the container meanwhile.
        directory.Unlock();
        return notify.AwaitReady(record.Pid, init, signals: null);
    }

    // Returns when execve has closed the connection.
    private static void AwaitExecution(ContainerDirectory directory, ContainerRecord record, int gate)
    {
        Report report = default;
        int hook = -1;
        long began = 0;
        long length;
        while ((length = Sys.read(gate, new Span<byte>(&report, sizeof(Report)))) == sizeof(Report))
        {
            if (hook >= 0 && Trace.IsOn)
                Trace.Add(new TraceEvent { Name = "hook", Category = "hook", Field = $"hooks.startContainer[{hook}].path", Start = began, End = Trace.Now() });
            if (report.Kind == ReportKind.Failed)
                throw new FaultException(EndFailed(record, report, StartFailure(directory, report, gate)));
            hook = report.Kind == ReportKind.HookBegins ? (int)report.Extra : -1;
            began = Trace.Now();
        }

        // Of a process that ended before it took the connection it is ECONNRESET.
        if (length < 0 && length != -Errno.ECONNRESET)
        {
            // Nobody knows of a program that may run, so none does.
            Teardown.KillAndWait(record);
            throw new FaultException(new Fault("cannot read what the container's process reports") { Syscall = "read", Errno = (int)-length });
        }

        if (Unsaid(directory, record) is { } failure)
            throw new FaultException(failure);
        if (hook >= 0)
            throw new FaultException(RuntimeHooks.DiedIn(hook));

        // The connection ends by the one or the other. Of a process that somebody has reaped already nothing can be said.
        if (ProcStat.TryRead(record.Pid, out ProcStat stat) && stat.NeverExecuted && stat.StartTime == record.StartTime)
            throw new FaultException(new Fault("the container's process was killed before its program ran") { Field = "container", Value = record.Id, Hint = "is the memory limit too low?" });
    }

    // A container whose hooks failed is not what its caller asked for (runtime.md, "Lifecycle", step 10).
    private static void Poststart(Hook[] hooks, ContainerRecord record)
    {
        try
        {
            RuntimeHooks.Run("poststart", hooks, HookSteps.State(record.Id, "running", record.Bundle, record.Annotations), record.Pid);
        }
        catch (FaultException)
        {
            Teardown.KillAndWait(record);
            throw;
        }
    }

    // A process that failed while it waited has ended before anybody could be told.
    private static FaultException NotCreated(ContainerDirectory directory, ContainerRecord record, ContainerStatus status)
    {
        Fault? failure = status == ContainerStatus.Stopped ? Unsaid(directory, record) : null;
        return new FaultException(new Fault(status switch
        {
            ContainerStatus.Stopped => "cannot start a container that has stopped",
            ContainerStatus.Running => "cannot start an already running container",
            _ => $"cannot start a container in the {Status.Name(status)} state",
        })
        {
            Field = "container",
            Value = record.Id,
            Code = "container-state",
            Hint = failure is null ? null : $"its process had failed: {failure.Text()}",
        });
    }

    // What the filter did not let the process send.
    private static Fault? Unsaid(ContainerDirectory directory, ContainerRecord record)
    {
        if (!record.LastWords || LastWords.Read(directory, out string message) is not Report report)
            return null;
        return report.IsHook ? HookFailure(report, message) : StartFailure(directory, report);
    }

    // The process has ended; what its hooks have left is in the container's cgroup, if not in its pid namespace.
    private static Fault EndFailed(ContainerRecord record, in Report report, Fault fault)
    {
        if (report.IsHook && !record.OwnPidNamespace)
            Teardown.KillCgroup(record);
        return fault;
    }

    // The plan is gone with the creator; what can fail so late has few forms.
    private static Fault StartFailure(ContainerDirectory directory, in Report report, int gate)
    {
        if (!report.IsHook)
            return StartFailure(directory, report);

        // A hook: what it wrote follows.
        Span<byte> output = stackalloc byte[ChildContext.MessageSize];
        long length = Sys.read(gate, output);
        return HookFailure(report, System.Text.Encoding.UTF8.GetString(output[..(int)Math.Max(length, 0)]));
    }

    private static Fault HookFailure(in Report report, string output) => RuntimeHooks.Fault(
        $"hooks.startContainer[{report.HookIndex}].path", "startContainer", report.HookIndex, report.Hook, 0, output);

    private static Fault StartFailure(ContainerDirectory directory, in Report report)
    {
        if (report.Syscall == SYS.execve)
            return Failure.Execution(directory.LoadConfig().Process!.Args![0].ToString(), report.Errno);
        bool filter = report.Syscall == SYS.seccomp;
        return new Fault(filter ? "cannot load the seccomp filter" : "the process failed before its program ran")
        {
            Field = filter ? "linux.seccomp" : "process",
            Syscall = Failure.SyscallName(report.Syscall),
            Errno = report.Errno,
        };
    }
}
