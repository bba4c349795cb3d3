using System;
using OciRun.Cgroups;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.State;

namespace OciRun.Commands;

/// <summary>
/// Follows one container in one ppoll(2): a timer for the statistics, cgroup.events for the end, memory.events for OOM
/// kills, and standard output for the reader's end. The kernel wakes pollers of those files with POLLPRI when they change.
/// </summary>
internal sealed class EventStream : IDisposable
{
    // Milliseconds. A notice can be lost when a cgroup is removed within 10 ms of the one before
    // (CGROUP_FILE_NOTIFY_MIN_INTV), so once init has ended the cgroup is looked at from time to time.
    private const int LastLooks = 500;

    private readonly int _cgroup;
    private readonly ContainerRecord _record;
    private readonly Fd _timer;
    private readonly Fd _events;
    private readonly Fd _memory;
    private readonly Fd? _init;
    private ulong _kills;

    public EventStream(int cgroup, ContainerRecord record)
    {
        _cgroup = cgroup;
        _record = record;
        _init = Liveness.Open(record);
        _events = new Fd(Sys.openat(cgroup, "cgroup.events"u8, Uapi.O_RDONLY));
        _memory = new Fd(Sys.openat(cgroup, "memory.events"u8, Uapi.O_RDONLY));
        _timer = new Fd(Sys.timerfd_create());
        _kills = Kills();
    }

    /// <summary>Returns when no process is left in the cgroup, or nobody reads any more.</summary>
    /// <param name="interval">Nanoseconds between statistics.</param>
    public void Follow(long interval)
    {
        Sys.timerfd_settime(_timer.Number, interval);
        Span<pollfd> wait =
        [
            new pollfd { fd = _timer.Number, events = Uapi.POLLIN },
            new pollfd { fd = _events.Number, events = Uapi.POLLPRI },
            new pollfd { fd = _memory.Number, events = Uapi.POLLPRI },
            new pollfd { fd = _init?.Number ?? -1, events = Uapi.POLLIN },
            new pollfd { fd = 1 },
        ];
        Span<byte> expirations = stackalloc byte[8];
        while (IsPopulated())
        {
            int ready = Sys.ppoll(wait, wait[3].fd < 0 ? LastLooks : -1);
            if (ready < 0 && ready != -Errno.EINTR)
                throw new FaultException(new Fault("cannot wait for events") { Syscall = "ppoll", Errno = -ready });
            if ((wait[4].revents & (Uapi.POLLERR | Uapi.POLLHUP)) != 0)
                return;
            if (wait[3].revents != 0)
                wait[3].fd = -1;
            if (!ReportKills())
                return;
            if (Sys.read(_timer.Number, expirations) == 8 && Events.Stats(_cgroup, _record) is { } stats && !Output.TryWrite(stats))
                return;
        }

        // One that ended the container.
        ReportKills();
    }

    public void Dispose()
    {
        _timer.Dispose();
        _events.Dispose();
        _memory.Dispose();
        _init?.Dispose();
    }

    // False when nobody reads any more.
    private bool ReportKills()
    {
        ulong kills = Kills();
        bool more = kills > _kills;
        _kills = kills;
        return !more || Output.TryWrite(EventsJson.Oom(_record.Id));
    }

    // Also of the cgroups below (memory.events is hierarchical unless mounted with memory_localevents).
    private ulong Kills() => MemoryStatistics.Find(Statistics.Flat(Reread(_memory)), "oom_kill");

    private bool IsPopulated() => MemoryStatistics.Find(Statistics.Flat(Reread(_events)), "populated") != 0;

    // Reading is also what takes note of the change for poll(2). Empty when the cgroup is gone (ENODEV).
    private static byte[] Reread(Fd file)
    {
        if (file.Number < 0)
            return [];
        Sys.lseek(file.Number, 0, Uapi.SEEK_SET);
        return Sys.ReadToEnd(file.Number, 4096, out _) ?? [];
    }
}
