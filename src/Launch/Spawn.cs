using System;
using OciRun.Child;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Launch;

/// <summary>Runs a program of the host and waits for it.</summary>
internal static unsafe class Spawn
{
    /// <summary>Absolute path of a program of the host by this process's own PATH; null when there is none.</summary>
    public static Utf8? Find(string name)
    {
        foreach (string directory in (Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin").Split(':'))
        {
            if (!directory.StartsWith('/'))
                continue;
            byte[] path = Sys.Bytes($"{directory}/{name}");
            if (Sys.fstatat(Uapi.AT_FDCWD, path, out stat st, 0) == 0 && (st.st_mode & Uapi.S_IFMT) == Uapi.S_IFREG
                && (st.st_mode & 0x49) != 0)
                return new Utf8(path);
        }

        return null;
    }

    /// <summary>Exit status, 128 plus the signal for one that was killed, 127 when it could not be run.</summary>
    /// <param name="path">Absolute.</param>
    /// <param name="argv">Its arguments, the name first.</param>
    /// <param name="envp">All of its environment.</param>
    /// <param name="output">Takes the beginning of what it writes.</param>
    /// <param name="written">Bytes of <paramref name="output"/> that are used.</param>
    public static int Wait(byte* path, byte** argv, byte** envp, Span<byte> output, out int written)
    {
        using Fd said = Memory();
        int status = Run(path, argv, envp, said.Number, said.Number);
        fixed (byte* into = output)
            written = (int)Math.Max(Raw.pread64(said.Number, into, output.Length, 0), 0);
        return status;
    }

    /// <summary>The same, with all of what it writes up to 64 MiB; null when that is more.</summary>
    /// <param name="path">Absolute.</param>
    /// <param name="argv">Its arguments, the name first.</param>
    /// <param name="envp">All of its environment.</param>
    /// <param name="output">What it wrote to standard output.</param>
    /// <param name="errors">What it wrote to standard error.</param>
    public static int Capture(byte* path, byte** argv, byte** envp, out byte[]? output, out byte[]? errors)
    {
        const int largest = 64 << 20;
        using Fd said = Memory();
        using Fd complained = Memory();
        int status = Run(path, argv, envp, said.Number, complained.Number);
        Sys.lseek(said.Number, 0, Uapi.SEEK_SET);
        Sys.lseek(complained.Number, 0, Uapi.SEEK_SET);
        output = Sys.ReadToEnd(said.Number, largest, out _);
        errors = Sys.ReadToEnd(complained.Number, largest, out _);
        return status;
    }

    // A file in memory: unlike a pipe it needs nobody who reads, and a daemon cannot keep it open.
    private static Fd Memory()
    {
        long file;
        fixed (byte* name = "output"u8)
            file = Raw.memfd_create(name, Uapi.MFD_CLOEXEC);
        return file >= 0 ? new Fd((int)file) : throw Failed("memfd_create", file);
    }

    private static int Run(byte* path, byte** argv, byte** envp, int output, int errors)
    {
        const int SIGCHLD = Uapi.SIGCHLD;
        long pid = Raw.clone(SIGCHLD, null);
        if (pid == 0)
        {
            Raw.dup3(output, 1, 0);
            Raw.dup3(errors, 2, 0);
            Exec.Run(path, argv, envp);
        }

        if (pid < 0)
            throw Failed("clone", pid);
        Sys.waitid(Uapi.P_PID, (int)pid, out siginfo_t info, Uapi.WEXITED);
        return ExitStatus(info);
    }

    private static FaultException Failed(string syscall, long result) =>
        new(new Fault("cannot start a program") { Syscall = syscall, Errno = (int)-result });

    /// <summary>The shell's convention: the status, or 128 plus the signal.</summary>
    public static int ExitStatus(in siginfo_t info) =>
        info.si_code == Uapi.CLD_EXITED ? info.si_status : 128 + (info.si_status & 0x7f);
}
