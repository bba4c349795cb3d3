using System;
using System.Threading;
using OciRun.Child;
using OciRun.Errors;
using OciRun.Filters;
using OciRun.Kernel;
using OciRun.Plan;
using OciRun.Spec;

namespace OciRun.Launch;

internal abstract unsafe partial class Offspring
{
    // Loading takes about a millisecond.
    private const long LoadLimit = 10_000;
    private const string ReceiverVariable = "RUN_OCI_SECCOMP_RECEIVER";

    private string _listenerField = "linux.seccomp.listenerPath";

    /// <summary>Whether the compiled filter asks somebody.</summary>
    private protected bool HasListener =>
        (((SeccompSlot*)_shared)->Flags & Uapi.SECCOMP_FILTER_FLAG_NEW_LISTENER) != 0;

    /// <summary>
    /// Lets the ready child load its filter and sends the listener on. Every call that the child makes from then on can
    /// be answered.
    /// </summary>
    /// <param name="bundle">What a relative path of the agent is below.</param>
    /// <param name="state">The container's, for the agent.</param>
    private protected void HandOverListener(Utf8 bundle, StateDocument state)
    {
        Seccomp seccomp = _config.Linux!.Seccomp!;
        Go();
        using Fd listener = TakeListener((SeccompSlot*)_shared);
        byte[] path = Paths.Below(bundle, seccomp.ListenerPath).Span.ToArray();
        SeccompListener.Send(_listenerField, path, listener.Number, SeccompAgentWriter.Write(_pid, seccomp.ListenerMetadata, state));
    }

    // features.md AN05 to AN08, AN20: the config's own path goes first.
    private protected void ApplySeccompAnnotations()
    {
        SeccompAnnotations.Apply(_config);
        if (_config.Linux?.Seccomp is not { ListenerPath.IsEmpty: true } seccomp || !SeccompCompiler.Notifies(seccomp))
            return;
        _listenerField = "annotations[\"run.oci.seccomp.receiver\"]";
        seccomp.ListenerPath = _config.Annotation(SeccompAnnotations.Receiver);
        if (!seccomp.ListenerPath.IsEmpty || Environment.GetEnvironmentVariable(ReceiverVariable) is not { Length: > 0 } path)
            return;
        _listenerField = ReceiverVariable;
        seccomp.ListenerPath = path;
        if (path[0] == '/')
            return;
        throw new FaultException(new Fault("the seccomp receiver is not an absolute path")
        {
            Field = ReceiverVariable,
            Value = path,
            Hint = "name a unix stream socket by its absolute path",
        });
    }

    // Looked for rather than waited for: the filter may forbid every call by which the child could tell.
    private protected Fd TakeListener(SeccompSlot* filter)
    {
        long deadline = Environment.TickCount64 + LoadLimit;
        while (Volatile.Read(ref filter->Listener) == 0)
        {
            if (Stirs(1))
                CheckReport(Next(interruptible: false));
            if (Environment.TickCount64 > deadline)
                throw new FaultException(new Fault("the process does not load its filter") { Field = "linux.seccomp" });
        }

        int taken = Sys.pidfd_getfd(_pidfd!.Number, filter->Listener - 1);
        return taken >= 0 ? new Fd(taken) : AskForListener(-taken, deadline);
    }

    // Kernels before 5.6, and a child that this user may not look into because it has switched to another user.
    private protected Fd AskForListener(int errno, long deadline)
    {
        ReadOnlySpan<byte> order = [SeccompSlot.SendListener];
        Sys.write(_sync!.Number, order);
        while (_received is null)
        {
            if (Stirs(10))
                CheckReport(Next(interruptible: false));
            if (Environment.TickCount64 > deadline)
            {
                throw new FaultException(new Fault("cannot take the seccomp listener out of the process")
                {
                    Field = "linux.seccomp",
                    Syscall = "pidfd_getfd",
                    Errno = errno,
                    Hint = "do not notify of read and sendmsg, with which the process would send it",
                });
            }
        }

        Fd listener = _received;
        _received = null;
        return listener;
    }

    private protected void CheckReport(Report? report)
    {
        if (report is not Report sent)
            throw new FaultException(Died());
        if (sent.Kind == ReportKind.Failed)
            throw new FaultException(Failure.From(_plan, sent, ""));
    }

    // True when a record or the end of the connection can be read; false after the time.
    private protected bool Stirs(long milliseconds)
    {
        Span<pollfd> wait =
        [
            new pollfd { fd = _sync!.Number, events = Uapi.POLLIN },
            new pollfd { fd = _signals!.Number, events = Uapi.POLLIN },
        ];
        Sys.ppoll(wait, milliseconds);
        if ((wait[1].revents & Uapi.POLLIN) != 0)
            CheckInterrupt();
        return wait[0].revents != 0;
    }
}
