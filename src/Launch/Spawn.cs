using System;
using OciRun.Child;
using OciRun.Errors;
using OciRun.Kernel;

namespace OciRun.Launch;

/// <summary>Runs a program of the host and waits for it.</summary>
internal static unsafe class Spawn
{
    /// <summary>Exit status, 128 plus the signal for one that was killed, 127 when it could not be run.</summary>
    /// <param name="path">Absolute.</param>
    /// <param name="argv">Its arguments, the name first.</param>
    /// <param name="envp">All of its environment.</param>
    /// <param name="output">Takes the beginning of what it writes.</param>
    /// <param name="written">Bytes of <paramref name="output"/> that are used.</param>
    public static int Wait(byte* path, byte** argv, byte** envp, Span<byte> output, out int written)
    {
        const int SIGCHLD = Uapi.SIGCHLD;
        written = 0;

        // A file in memory: unlike a pipe it needs nobody who reads, and a daemon cannot keep it open.
        long file;
        fixed (byte* name = "output"u8)
            file = Raw.memfd_create(name, Uapi.MFD_CLOEXEC);
        using Fd said = new((int)file);
        long pid = file < 0 ? file : Raw.clone(SIGCHLD, null);
        if (pid == 0)
        {
            Raw.dup3((int)file, 1, 0);
            Raw.dup3((int)file, 2, 0);
            Exec.Run(path, argv, envp);
        }

        if (pid < 0)
            throw new FaultException(new Fault("cannot start a program") { Syscall = file < 0 ? "memfd_create" : "clone", Errno = (int)-pid });
        Sys.waitid(Uapi.P_PID, (int)pid, out siginfo_t info, Uapi.WEXITED);
        fixed (byte* into = output)
            written = (int)Math.Max(Raw.pread64((int)file, into, output.Length, 0), 0);
        return ExitStatus(info);
    }

    /// <summary>The shell's convention: the status, or 128 plus the signal.</summary>
    public static int ExitStatus(in siginfo_t info) =>
        info.si_code == Uapi.CLD_EXITED ? info.si_status : 128 + (info.si_status & 0x7f);
}
