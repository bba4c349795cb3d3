using OciRun.Errors;
using OciRun.Kernel;

namespace OciRun.State;

/// <summary>Finds a recorded init again; its pid alone may belong to another process by now (security.md R-140).</summary>
internal static class Liveness
{
    /// <summary>True when the process with this pid is the recorded one and has not exited.</summary>
    public static bool IsAlive(ContainerRecord record) =>
        ProcStat.TryRead(record.Pid, out ProcStat stat) && stat.IsAlive && stat.StartTime == record.StartTime;

    /// <summary>
    /// A pidfd of init, or null when it has exited. The start time is compared after the descriptor was taken: from
    /// then on it cannot mean another process. pidfd_open(2), Linux 5.3.
    /// </summary>
    /// <exception cref="FaultException">The kernel refuses a pidfd although the process exists.</exception>
    public static Fd? Open(ContainerRecord record)
    {
        if (record.Pid <= 0)
            return null;
        int number = Sys.pidfd_open(record.Pid);
        if (number < 0)
        {
            // A reaped leader's pid gives ESRCH, one of a thread EINVAL; neither is init.
            if (number is -Errno.ESRCH or -Errno.EINVAL || !IsAlive(record))
                return null;
            throw new FaultException(new Fault($"cannot address process {record.Pid}")
            {
                Syscall = "pidfd_open",
                Errno = -number,
            });
        }

        Fd pidfd = new(number);
        if (IsAlive(record))
            return pidfd;
        pidfd.Dispose();
        return null;
    }

    /// <summary>Waits until the process of a pidfd has exited; false when it has not within the limit.</summary>
    public static bool WaitForExit(Fd pidfd, int milliseconds)
    {
        long deadline = System.Environment.TickCount64 + milliseconds;
        System.Span<pollfd> wait = [new pollfd { fd = pidfd.Number, events = Uapi.POLLIN }];
        while (true)
        {
            long left = System.Math.Max(0, deadline - System.Environment.TickCount64);
            int ready = Sys.ppoll(wait, left);
            if (ready > 0)
                return true;
            if (ready != -Errno.EINTR && left == 0)
                return false;
        }
    }
}
