using System;
using OciRun.Cgroups;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Launch;
using OciRun.State;

namespace OciRun.Commands;

/// <summary><c>resume ID</c> (features.md 1.14).</summary>
internal static class Resume
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    public static Verb Describe() => new()
    {
        Name = "resume",
        Summary = "let the processes of a paused container go on",
        Synopsis = "ID",
        Description = "What the container itself has frozen in cgroups of its own stays frozen.",
        TakesContainer = true,
        Minimum = 1,
        Maximum = 1,
        SeeAlso = ["pause"],
        Execute = static arguments => Execute(arguments, Limit),
    };

    internal static int Execute(Arguments arguments, TimeSpan limit)
    {
        using ContainerDirectory directory = StateRoot.FindContainer(arguments.Globals.Root, arguments.Positional[0]);
        directory.Lock();
        ContainerRecord record = directory.Load() ?? throw StateRoot.Missing(directory.Id);
        ContainerStatus status = Status.Of(directory, record);
        if (status != ContainerStatus.Paused)
        {
            throw ContainerCgroup.Failed(record.Id, new Fault($"container not paused: it is {Status.Name(status)}")
            {
                Code = "container-not-paused",
            });
        }

        using Fd cgroup = ContainerCgroup.Open(record);
        int result = CgroupDirectory.Thaw(cgroup.Number, limit);
        if (result == -Errno.ETIMEDOUT)
        {
            throw ContainerCgroup.Failed(record.Id, new Fault("it is thawed, but a cgroup above it is still frozen")
            {
                Hint = $"write 0 to the cgroup.freeze file of a parent of {record.CgroupPath}",
                Code = "freeze-timeout",
            });
        }

        if (result < 0)
            throw ContainerCgroup.Failed(record.Id, new Fault("cannot thaw it") { Syscall = "write", Errno = -result });
        return 0;
    }
}
