using System;
using OciRun.Cgroups;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Launch;
using OciRun.State;

namespace OciRun.Commands;

/// <summary><c>pause ID</c> (features.md 1.14).</summary>
internal static class Pause
{
    /// <summary>How long a process that hangs in the kernel is waited for (security.md F-21).</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    public static Verb Describe() => new()
    {
        Name = "pause",
        Summary = "freeze all processes of a container",
        Synopsis = "ID",
        Description =
            "Returns when all of them stand still. When one does not within ten seconds, because it hangs in the kernel, "
            + "all go on and the command fails.",
        TakesContainer = true,
        Minimum = 1,
        Maximum = 1,
        SeeAlso = ["resume", "kill"],
        Execute = static arguments => Execute(arguments, Limit),
    };

    internal static int Execute(Arguments arguments, TimeSpan limit)
    {
        using ContainerDirectory directory = StateRoot.FindContainer(arguments.Globals.Root, arguments.Positional[0]);
        directory.Lock();
        ContainerRecord record = directory.Load() ?? throw StateRoot.Missing(directory.Id);
        ContainerStatus status = Status.Of(directory, record);
        if (status is not (ContainerStatus.Running or ContainerStatus.Created))
        {
            throw ContainerCgroup.Failed(record.Id, new Fault($"container not running: it is {Status.Name(status)}")
            {
                Code = "container-not-running",
            });
        }

        Trace.Phase("freeze");
        using Fd cgroup = ContainerCgroup.Open(record);
        int result = CgroupDirectory.Freeze(cgroup.Number, limit);
        if (result == -Errno.ETIMEDOUT)
        {
            throw ContainerCgroup.Failed(record.Id, new Fault($"its processes do not all freeze within {limit.TotalSeconds:0.###} s; they go on")
            {
                Hint = "one of them hangs in the kernel: look for the state D in 'ps'",
                Code = "freeze-timeout",
            });
        }

        if (result < 0)
        {
            throw ContainerCgroup.Failed(record.Id, new Fault("cannot freeze it")
            {
                Syscall = "write",
                Errno = -result,
                Hint = result == -Errno.ENOENT ? "cgroup.freeze needs Linux 5.2" : null,
            });
        }

        return 0;
    }
}
