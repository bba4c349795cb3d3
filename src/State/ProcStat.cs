using System;
using System.Buffers.Text;
using OciRun.Kernel;

namespace OciRun.State;

/// <summary>The fields of /proc/PID/stat that tell whether a recorded process still lives, and has begun its program (proc(5)).</summary>
internal readonly record struct ProcStat(char State, ulong StartTime, uint Flags)
{
    // PF_FORKNOEXEC of linux/sched.h, the same since Linux 2.6.
    private const uint ForkedWithoutExec = 0x40;

    /// <summary>Neither a zombie nor being removed.</summary>
    public bool IsAlive => State is not ('Z' or 'X' or 'x');

    /// <summary>It runs, or ran to its end, the program of the process that cloned it. False also where the kernel tells no flags.</summary>
    public bool NeverExecuted => (Flags & ForkedWithoutExec) != 0;

    /// <summary>It runs a program of its own. False also where the kernel tells no flags, as of a process without any.</summary>
    public bool HasExecuted => Flags != 0 && !NeverExecuted;

    /// <summary>False when no such process exists, or /proc is not readable.</summary>
    public static bool TryRead(int pid, out ProcStat result)
    {
        result = default;
        Span<byte> path = stackalloc byte[32];
        "/proc/"u8.CopyTo(path);
        if (pid <= 0 || !Utf8Formatter.TryFormat(pid, path[6..], out int digits))
            return false;
        "/stat"u8.CopyTo(path[(6 + digits)..]);
        int fd = Sys.openat(Uapi.AT_FDCWD, path[..(11 + digits)], Uapi.O_RDONLY);
        if (fd < 0)
            return false;
        Span<byte> buffer = stackalloc byte[1024];
        long length = Sys.read(fd, buffer);
        Sys.close(fd);
        return length > 0 && TryParse(buffer[..(int)length], out result);
    }

    /// <summary>
    /// Field 2 is the process's own choice of name and may hold blanks and parentheses, so counting starts after the
    /// last one: field 3 is the state, 9 the kernel's flags, 22 the start time in clock ticks after boot.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> line, out ProcStat result)
    {
        result = default;
        int name = line.LastIndexOf((byte)')');
        if (name < 0 || line.Length < name + 4 || line[name + 1] != ' ')
            return false;
        ReadOnlySpan<byte> rest = line[(name + 2)..];
        char state = (char)rest[0];
        uint flags = 0;
        for (int field = 3; field < 22; field++)
        {
            int blank = rest.IndexOf((byte)' ');
            if (blank < 0)
                return false;
            rest = rest[(blank + 1)..];
            if (field + 1 == 9)
                Utf8Parser.TryParse(rest, out flags, out _);
        }

        if (!Utf8Parser.TryParse(rest, out ulong startTime, out _))
            return false;
        result = new ProcStat(state, startTime, flags);
        return true;
    }
}
